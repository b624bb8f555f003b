// The Go peer of the model benchmarks: a PodList through client-go's scheme and apimachinery's serializers, as JSON and
// as protobuf. It also makes the protobuf file from the JSON one. One measurement a process, one line of JSON printed.
//
// Memory is the resident set over the empty process after debug.FreeOSMemory, with the input no longer referenced.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	k8sjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// rounds is how often one process decodes; it reports its best, as the Rust programs do.
const rounds = 5

type result struct {
	Seconds float64 `json:"seconds,omitempty"`
	Bytes   int64   `json:"bytes,omitempty"`
	Items   int     `json:"items"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	empty, err := residentBytes()
	if err != nil {
		return err
	}
	usage := errors.New("usage: decode|memory json|protobuf FILE, or convert JSON-FILE PROTOBUF-FILE")
	if len(args) != 3 {
		return usage
	}
	if args[0] == "convert" {
		return convert(args[1], args[2])
	}
	serializer, ok := map[string]k8sruntime.Serializer{"json": jsonSerializer(), "protobuf": protobufSerializer()}[args[1]]
	if !ok {
		return usage
	}
	data, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	var out result
	switch args[0] {
	case "decode":
		best := time.Duration(1<<63 - 1)
		for range rounds {
			runtime.GC()
			start := time.Now()
			list, err := decode(serializer, data)
			if err != nil {
				return err
			}
			best = min(best, time.Since(start))
			out.Items = len(list.Items)
		}
		out.Seconds = best.Seconds()
	case "memory":
		list, err := decode(serializer, data)
		if err != nil {
			return err
		}
		data = nil
		debug.FreeOSMemory()
		held, err := residentBytes()
		if err != nil {
			return err
		}
		out.Bytes, out.Items = held-empty, len(list.Items)
		runtime.KeepAlive(list)
	default:
		return usage
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func jsonSerializer() k8sruntime.Serializer {
	return k8sjson.NewSerializerWithOptions(k8sjson.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, k8sjson.SerializerOptions{})
}

func protobufSerializer() k8sruntime.Serializer {
	return protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
}

func decode(serializer k8sruntime.Serializer, data []byte) (*corev1.PodList, error) {
	object, _, err := serializer.Decode(data, nil, nil)
	if err != nil {
		return nil, err
	}
	list, ok := object.(*corev1.PodList)
	if !ok {
		return nil, fmt.Errorf("the file holds a %T, not a PodList", object)
	}
	return list, nil
}

func convert(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	list, err := decode(jsonSerializer(), data)
	if err != nil {
		return err
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	if err := protobufSerializer().Encode(list, file); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result{Items: len(list.Items)})
}

// residentBytes is the second number of /proc/self/statm, in pages.
func residentBytes() (int64, error) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("memory is measured on Linux only: %w", err)
	}
	fields := strings.Fields(string(statm))
	if len(fields) < 2 {
		return 0, fmt.Errorf("/proc/self/statm has an unexpected form: %q", statm)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
