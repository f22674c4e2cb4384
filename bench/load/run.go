package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type headers []string

func (h *headers) String() string         { return strings.Join(*h, ", ") }
func (h *headers) Set(value string) error { *h = append(*h, value); return nil }

// result is what run prints, as one line of JSON. Latencies are milliseconds.
type result struct {
	Requests  int     `json:"requests"`
	Failed    int     `json:"failed"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50"`
	P99       float64 `json:"p99"`
	Max       float64 `json:"max"`
	// Processor time of the generator itself, user and system.
	CPUSeconds float64 `json:"cpuSeconds"`
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	address := flags.String("url", "", "what to request")
	bodyFile := flags.String("body", "", "file that holds the body")
	contentType := flags.String("type", "application/json", "content type of the body")
	method := flags.String("method", "POST", "verb")
	connections := flags.Int("connections", 1, "connections, one request at a time on each")
	seconds := flags.Float64("seconds", 0, "how long to go on")
	requests := flags.Int("requests", 0, "how many requests to send in all")
	var extra headers
	flags.Var(&extra, "header", "further header, NAME:VALUE")
	flags.Parse(arguments)
	target, err := url.Parse(*address)
	if err != nil {
		return err
	}
	if (*seconds > 0) == (*requests > 0) {
		return errors.New("give -seconds or -requests")
	}
	request, err := requestOf(target, *method, *bodyFile, *contentType, extra)
	if err != nil {
		return err
	}
	measured, err := measure(target.Host, request, *connections, *seconds, *requests)
	if err != nil {
		return err
	}
	measured.CPUSeconds = cpuSeconds()
	return json.NewEncoder(os.Stdout).Encode(measured)
}

func requestOf(target *url.URL, method, bodyFile, contentType string, extra headers) ([]byte, error) {
	var body []byte
	if bodyFile != "" {
		var err error
		if body, err = os.ReadFile(bodyFile); err != nil {
			return nil, err
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target.RequestURI(), target.Host)
	if body != nil {
		fmt.Fprintf(&text, "Content-Type: %s\r\n", contentType)
	}
	for _, header := range extra {
		fmt.Fprintf(&text, "%s\r\n", header)
	}
	fmt.Fprintf(&text, "Content-Length: %d\r\n\r\n", len(body))
	return append([]byte(text.String()), body...), nil
}

func measure(host string, request []byte, connections int, seconds float64, requests int) (result, error) {
	var group sync.WaitGroup
	var left atomic.Int64
	left.Store(int64(requests))
	latencies := make([][]time.Duration, connections)
	failures := make([]int, connections)
	faults := make([]error, connections)
	begin := time.Now()
	deadline := begin.Add(time.Duration(seconds * float64(time.Second)))
	for index := range connections {
		group.Add(1)
		go func() {
			defer group.Done()
			more := func() bool { return time.Now().Before(deadline) }
			if requests > 0 {
				more = func() bool { return left.Add(-1) >= 0 }
			}
			latencies[index], failures[index], faults[index] = converse(host, request, more)
		}()
	}
	group.Wait()
	elapsed := time.Since(begin).Seconds()
	for _, fault := range faults {
		if fault != nil {
			return result{}, fault
		}
	}
	return summary(latencies, failures, elapsed), nil
}

// converse sends the request again and again over one connection, as long as there is more to do.
func converse(host string, request []byte, more func() bool) (latencies []time.Duration, failed int, err error) {
	connection, err := net.Dial("tcp", host)
	if err != nil {
		return nil, 0, err
	}
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 1<<16)
	var response head
	for more() {
		begin := time.Now()
		if _, err = connection.Write(request); err != nil {
			return nil, 0, err
		}
		if err = readHead(reader, &response); err != nil {
			return nil, 0, err
		}
		if _, err = skipBody(reader, &response); err != nil {
			return nil, 0, err
		}
		latencies = append(latencies, time.Since(begin))
		if len(response.first) < 10 || response.first[9] != '2' {
			failed++
		}
	}
	return latencies, failed, nil
}

func summary(latencies [][]time.Duration, failures []int, elapsed float64) result {
	var all []time.Duration
	failed := 0
	for index := range latencies {
		all = append(all, latencies[index]...)
		failed += failures[index]
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	at := func(quantile float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return float64(all[int(quantile*float64(len(all)-1))].Nanoseconds()) / 1e6
	}
	return result{
		Requests: len(all), Failed: failed, Seconds: elapsed, PerSecond: float64(len(all)) / elapsed,
		P50: at(0.50), P99: at(0.99), Max: at(1),
	}
}
