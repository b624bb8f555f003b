package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	crd "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/kubernetes/scheme"
	aggregator "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

const wireHead = `# What a type's JSON does not tell: of each built-in type the optional scalars that are pointers in Go (their zero is kept, where that of
# another is dropped), the members that are written as null when nobody set them, and those that have a zero as their default and are not
# written for all that. How to renew this file: README.md of this crate.
# type	pointers	null when unset	not written when zero
`

// wireFacts are members of one type by what Go does with them, each in the order of the type.
type wireFacts struct {
	pointers, nulls, unwritten []string
}

// wireTypes is what was found, by the name of the type in OpenAPI.
type wireTypes map[string]*wireFacts

// wire prints a line for each type that the server has a schema of and that is more than its schema.
func wire(out io.Writer, schemasFile string) error {
	schemas, err := readSchemas(schemasFile)
	if err != nil {
		return err
	}
	found := wireTypes{}
	for _, it := range scheme.Scheme.AllKnownTypes() {
		found.walk(it)
	}
	found.walk(reflect.TypeFor[crd.CustomResourceDefinition]())
	found.walk(reflect.TypeFor[aggregator.APIService]())
	if _, err := io.WriteString(out, wireHead); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		schema, served := schemas[name]
		if !served || isEnvelope(name) {
			continue
		}
		facts := found[name]
		// Without a zero as its default, a member is not expected to be written when it is zero.
		unwritten := slices.DeleteFunc(slices.Clone(facts.unwritten), func(member string) bool {
			return !schema.Properties[member].hasZeroDefault()
		})
		cells := []string{name}
		for _, members := range [][]string{facts.pointers, facts.nulls, unwritten} {
			cells = append(cells, strings.Join(members, ","))
		}
		line := strings.TrimRight(strings.Join(cells, "\t"), "\t")
		if line == name {
			continue
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// isEnvelope tells of what is no object that is kept: lists, which the server writes where it makes them, and the options
// of a deletion, which are only read.
func isEnvelope(name string) bool {
	return strings.HasSuffix(name, "List") || strings.HasSuffix(name, ".meta.v1.DeleteOptions")
}

func (found wireTypes) walk(it reflect.Type) {
	it = element(it)
	if it.Kind() != reflect.Struct || writesItself(it) {
		return
	}
	name := openAPIName(it)
	if found[name] != nil {
		return
	}
	facts := &wireFacts{}
	found[name] = facts
	found.fields(it, facts)
}

func (found wireTypes) fields(it reflect.Type, facts *wireFacts) {
	for index := range it.NumField() {
		field := it.Field(index)
		if !field.IsExported() {
			continue
		}
		if isInline(field) && field.Type.Kind() == reflect.Struct {
			found.fields(field.Type, facts)
			found.walk(field.Type)
			continue
		}
		tag := readTag(field)
		if tag.name == "" || tag.name == "-" {
			continue
		}
		facts.add(tag, field.Type)
		found.walk(field.Type)
	}
}

func (facts *wireFacts) add(tag jsonTag, it reflect.Type) {
	switch it.Kind() {
	case reflect.Pointer:
		if !tag.omitEmpty {
			facts.nulls = append(facts.nulls, tag.name)
		} else if it.Elem().Kind() != reflect.Struct {
			facts.pointers = append(facts.pointers, tag.name)
		}
	case reflect.Slice, reflect.Map:
		if !tag.omitEmpty && !tag.omitZero {
			facts.nulls = append(facts.nulls, tag.name)
		}
	case reflect.Struct:
		// Of the structs, only a time that nobody set is null.
		isTime := it.Name() == "Time" || it.Name() == "MicroTime"
		if isTime && !tag.omitZero {
			facts.nulls = append(facts.nulls, tag.name)
		}
	case reflect.Interface:
	default:
		if tag.omitEmpty {
			facts.unwritten = append(facts.unwritten, tag.name)
		}
	}
}

// openAPIName is io.k8s.api.core.v1.Pod for the type Pod of k8s.io/api/core/v1.
func openAPIName(it reflect.Type) string {
	host, path, _ := strings.Cut(it.PkgPath(), "/")
	words := strings.Split(host, ".")
	slices.Reverse(words)
	return strings.Join(words, ".") + "." + strings.ReplaceAll(path, "/", ".") + "." + it.Name()
}

// schema is of a type's schema what is needed here.
type schema struct {
	Properties map[string]property `json:"properties"`
}

type property struct {
	Default any `json:"default"`
}

func (it property) hasZeroDefault() bool {
	return it.Default == "" || it.Default == 0.0 || it.Default == false
}

// readSchemas reads lines of a type's name, a tab and its schema.
func readSchemas(file string) (map[string]schema, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all := map[string]schema{}
	for line := range strings.Lines(string(text)) {
		name, document, found := strings.Cut(line, "\t")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		var one schema
		if err := json.Unmarshal([]byte(document), &one); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, name, err)
		}
		all[name] = one
	}
	return all, nil
}
