package main

import (
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/apis/apps"
	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/core"
)

const internalHead = `# The real server's own types of pods and workloads, as it shows them in messages: type, then each member in order as its name there, its name in
# JSON, its zero (s text, i number, b flag, q quantity, o object, n null; with ? left out when unset) and its type. From Go by reflection.
`

// The types that messages show, with all that is in them, and those of the API that they are made from.
var (
	shownTypes = []reflect.Type{
		reflect.TypeFor[core.PodSpec](),
		reflect.TypeFor[core.EphemeralContainer](),
		reflect.TypeFor[core.PersistentVolumeClaim](),
		reflect.TypeFor[core.PodTemplateSpec](),
		reflect.TypeFor[apps.DeploymentStrategy](),
		reflect.TypeFor[apps.DaemonSetUpdateStrategy](),
		reflect.TypeFor[apps.StatefulSetUpdateStrategy](),
		reflect.TypeFor[batch.SuccessPolicy](),
	}
	servedTypes = []reflect.Type{
		reflect.TypeFor[corev1.PodSpec](),
		reflect.TypeFor[corev1.EphemeralContainer](),
		reflect.TypeFor[corev1.PersistentVolumeClaim](),
		reflect.TypeFor[corev1.PodTemplateSpec](),
		reflect.TypeFor[appsv1.DeploymentStrategy](),
		reflect.TypeFor[appsv1.DaemonSetUpdateStrategy](),
		reflect.TypeFor[appsv1.StatefulSetUpdateStrategy](),
		reflect.TypeFor[batchv1.SuccessPolicy](),
	}
)

// internalTypes makes the lines. Types are told apart by their names alone, which the two sides share.
type internalTypes struct {
	served map[string]reflect.Type
	lines  map[string]string
}

func internal(out io.Writer) error {
	types := internalTypes{served: map[string]reflect.Type{}, lines: map[string]string{}}
	for _, it := range servedTypes {
		types.collect(it)
	}
	for _, it := range shownTypes {
		types.walk(it)
	}
	if _, err := io.WriteString(out, internalHead); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(types.lines)) {
		if _, err := fmt.Fprintf(out, "%s\t%s\n", name, types.lines[name]); err != nil {
			return err
		}
	}
	return nil
}

// collect finds the types of the API.
func (types internalTypes) collect(it reflect.Type) {
	it = element(it)
	if it.Kind() != reflect.Struct || types.served[it.Name()] != nil {
		return
	}
	types.served[it.Name()] = it
	for index := range it.NumField() {
		types.collect(it.Field(index).Type)
	}
}

func (types internalTypes) walk(it reflect.Type) {
	if _, known := types.lines[it.Name()]; known {
		return
	}
	// Types hold themselves, so that a type is known before it is read.
	types.lines[it.Name()] = ""
	types.lines[it.Name()] = strings.Join(types.members(it, it.Name()), " ")
}

// members is of a type what its line says; owner is the type that an inlined one is in.
func (types internalTypes) members(it reflect.Type, owner string) []string {
	var all []string
	for index := range it.NumField() {
		field := it.Field(index)
		if field.Name == "TypeMeta" {
			continue
		}
		if isInline(field) {
			all = append(all, types.members(field.Type, owner)...)
			continue
		}
		// The server's own types have no tags; those of metadata, which it shares with the API, do.
		tag := readTag(field)
		shown, name, left := tag.name, tag.name, ""
		if tag.name == "" {
			shown, name = field.Name, types.servedName(owner, field.Name)
		} else if tag.omitEmpty || tag.omitZero {
			left = "?"
		}
		all = append(all, shown+":"+name+":"+zero(field.Type)+left+":"+types.kind(field.Type))
	}
	return all
}

// servedName is the name in JSON of a field. One that the API does not have is marked, and found in no object.
func (types internalTypes) servedName(owner, field string) string {
	if served := types.served[owner]; served != nil {
		// The two sides spell some names with other capitals.
		same := func(name string) bool { return strings.EqualFold(name, field) }
		if found, ok := served.FieldByNameFunc(same); ok {
			return readTag(found).name
		}
	}
	return "?" + field
}

// kind is the name of the struct that a field leads to, if it does.
func (types internalTypes) kind(it reflect.Type) string {
	it = element(it)
	if it.Kind() != reflect.Struct || writesItself(it) {
		return ""
	}
	types.walk(it)
	return it.Name()
}

// zero is the letter of what Go writes for a field that nobody set.
func zero(it reflect.Type) string {
	switch it.Kind() {
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "i"
	case reflect.Struct:
		switch it.Name() {
		case "Quantity":
			return "q"
		case "IntOrString":
			return "i"
		case "Time":
			return "n"
		}
		return "o"
	}
	return "n"
}
