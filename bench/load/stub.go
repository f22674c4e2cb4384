package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

var (
	noContent = []byte("HTTP/1.1 204 No Content\r\n\r\n")
	ok        = []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
	// What is stored under one key, for invocations that read it: the order of bodies.ts. No other key has anything.
	stored = []byte(`{"id":"order-41","customer":{"name":"Ada Byron","email":"ada@example.org"},` +
		`"items":[{"sku":"A-7","quantity":3,"price":12.5},{"sku":"B-2","quantity":1,"price":80}],"note":"leave at the door"}`)
	read = []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"1\"\r\nContent-Length: %d\r\n\r\n%s", len(stored), stored))
)

// stub accepts every request of Dapr's API on a free loopback port, prints the port, and ends with its standard input.
func stub(arguments []string) error {
	flags := flag.NewFlagSet("stub", flag.ExitOnError)
	delay := flags.Duration("delay", 0, "how long each answer takes")
	flags.Parse(arguments)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var requests atomic.Int64
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		// Each line is answered with the number of requests and the processor time so far.
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			fmt.Println(requests.Load(), cpuSeconds())
		}
		os.Exit(0)
	}()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go accept(connection, &requests, *delay)
	}
}

func accept(connection net.Conn, requests *atomic.Int64, delay time.Duration) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 1<<16)
	var request head
	for {
		if readHead(reader, &request) != nil {
			return
		}
		if _, err := skipBody(reader, &request); err != nil {
			return
		}
		requests.Add(1)
		if delay > 0 {
			time.Sleep(delay)
		}
		if _, err := connection.Write(answerTo(request.first)); err != nil {
			return
		}
	}
}

// answerTo gives what daprd answers on success: a body for invocations, bindings, metadata and one key, none for the rest.
func answerTo(requestLine []byte) []byte {
	if bytes.HasPrefix(requestLine, []byte("GET /v1.0/state/statestore/order-41")) {
		return read
	}
	for _, path := range [][]byte{[]byte(" /v1.0/invoke/"), []byte(" /v1.0/bindings/"), []byte(" /v1.0/metadata")} {
		if bytes.Contains(requestLine, path) {
			return ok
		}
	}
	return noContent
}
