// Command facts prints two tables of the embedded API server that no server tells: what Go's types say of how objects are
// written. `facts wire SCHEMAS` is of the API's types, SCHEMAS being the server's table schemas.tsv; `facts internal` is of
// kube-apiserver's own types of pods and workloads. `cargo xtask server-data` writes and compares them.
//
// It reads types by reflection and asks no server. It judges nothing: what follows from the tables is in tests/server.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	err := run(out, os.Args[1:])
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out io.Writer, arguments []string) error {
	switch {
	case len(arguments) == 2 && arguments[0] == "wire":
		return wire(out, arguments[1])
	case len(arguments) == 1 && arguments[0] == "internal":
		return internal(out)
	}
	return errors.New("usage: facts wire SCHEMAS | facts internal")
}

// jsonTag is what a field's tag says of its place in JSON.
type jsonTag struct {
	name string
	// omitEmpty is for values that are empty, omitZero for those that are zero; a struct is never empty.
	omitEmpty, omitZero bool
}

func readTag(field reflect.StructField) jsonTag {
	name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	return jsonTag{
		name:      name,
		omitEmpty: strings.Contains(options, "omitempty"),
		omitZero:  strings.Contains(options, "omitzero"),
	}
}

// isInline tells whether the members of a field stand among those of the struct that it is in.
func isInline(field reflect.StructField) bool {
	return field.Anonymous && readTag(field).name == ""
}

// element is the type that pointers, lists and maps lead to.
func element(it reflect.Type) reflect.Type {
	for {
		switch it.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			it = it.Elem()
		default:
			return it
		}
	}
}

// writesItself tells of the structs that are text or a number in JSON.
func writesItself(it reflect.Type) bool {
	switch it.Name() {
	case "Quantity", "IntOrString", "Time", "MicroTime":
		return true
	}
	return false
}
