// Command load is both ends of a benchmark: `load stub` is a sidecar that accepts everything, `load run` sends requests
// to an app and measures the answers. Both speak just enough HTTP/1.1, over plain connections, to cost a few
// microseconds of processor time a request, so that the app between them is what is measured.
package main

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	var err error
	switch os.Args[1] {
	case "stub":
		err = stub(os.Args[2:])
	case "run":
		err = run(os.Args[2:])
	default:
		usage()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: load stub [-delay D] | load run -url URL [-body FILE] [-type TYPE] [-header NAME:VALUE] -connections N (-seconds S | -requests N)")
	os.Exit(2)
}

// cpuSeconds is the processor time that this process has used.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
