package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// head is what of a message's head decides how to go on.
type head struct {
	first         []byte // the request or status line, valid until the next read
	contentLength int
	chunked       bool
}

var (
	lengthName   = []byte("content-length:")
	encodingName = []byte("transfer-encoding:")
)

// readHead reads a request or response up to its body.
func readHead(r *bufio.Reader, buffer *head) error {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	buffer.first = append(buffer.first[:0], bytes.TrimRight(line, "\r\n")...)
	buffer.contentLength, buffer.chunked = 0, false
	for {
		line, err = r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return nil
		}
		if value, ok := valueOf(line, lengthName); ok {
			if buffer.contentLength, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		} else if value, ok := valueOf(line, encodingName); ok {
			buffer.chunked = bytes.EqualFold(value, []byte("chunked"))
		}
	}
}

func valueOf(line, name []byte) ([]byte, bool) {
	if len(line) < len(name) || !bytes.EqualFold(line[:len(name)], name) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name):]), true
}

// skipBody reads a body to its end and counts its bytes.
func skipBody(r *bufio.Reader, message *head) (int, error) {
	if !message.chunked {
		return r.Discard(message.contentLength)
	}
	total := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return total, err
		}
		size, err := strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 64)
		if err != nil {
			return total, fmt.Errorf("bad chunk: %w", err)
		}
		if _, err := io.CopyN(io.Discard, r, size+2); err != nil {
			return total, err
		}
		total += int(size)
		if size == 0 {
			return total, nil
		}
	}
}
