// The Go peer of the request benchmarks: gets and lists through client-go's clientset, as its own documentation sets it
// up, save that its client-side rate limit is off. CPU time of this process, one line of JSON printed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// The same numbers as in requests.rs.
const (
	gets    = 10_000
	atATime = 8
	lists   = 3
)

type result struct {
	CPU   float64 `json:"cpu"`
	Items int     `json:"items"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: get|list KUBECONFIG")
	}
	config, err := clientcmd.BuildConfigFromFlags("", args[1])
	if err != nil {
		return err
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx := context.Background()
	get := func() error {
		_, err := client.CoreV1().ConfigMaps("default").Get(ctx, "settings", metav1.GetOptions{})
		return err
	}
	if err := get(); err != nil {
		return err
	}
	begun := cpuSeconds()
	out := result{}
	switch args[0] {
	case "get":
		if err := concurrently(get); err != nil {
			return err
		}
		out = result{CPU: cpuSeconds() - begun, Items: gets}
	case "list":
		for range lists {
			list, err := client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			out.Items = len(list.Items)
		}
		out.CPU = (cpuSeconds() - begun) / lists
	default:
		return errors.New("unknown measurement: get or list")
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func concurrently(get func() error) error {
	var left atomic.Int64
	left.Store(gets)
	var group sync.WaitGroup
	failures := make(chan error, atATime)
	for range atATime {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				if err := get(); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(failures)
	return <-failures
}

// cpuSeconds is what this process has used so far, user and system.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}
