// Command vectors records what Kubernetes' own Go types do with quantities, times and int-or-strings, so that the Rust
// types can be held against it without Go at hand: `go run ./vectors -out ../fixtures/wire` in this module's folder.
// It uses fixed seeds, so a run changes the files only when the Go modules changed. It judges nothing by itself, except
// that an answer which Go itself documents as undefined (an overflow) is recorded as null.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

// row is one case; it is written as a JSON array on a line of its own.
type row []any

func main() {
	out := flag.String("out", "", "the folder that receives quantity/, time/, int_or_string/ and stored/")
	flag.Parse()
	if *out == "" {
		log.Fatal("say where the vectors go: -out ../fixtures/wire")
	}
	for name, rows := range map[string][]row{
		"quantity/parse.json":       quantityParse(),
		"quantity/pairs.json":       quantityPairs(),
		"quantity/chains.json":      quantityChains(),
		"quantity/json.json":        quantityJSON(),
		"time/parse.json":           timeParse(),
		"time/format.json":          timeFormat(),
		"stored/times.json":         storedTimes(),
		"stored/quantities.json":    storedQuantities(),
		"stored/bytes.json":         storedBytes(),
		"int_or_string/scaled.json": intOrStringScaled(),
		"int_or_string/parse.json":  intOrStringParse(),
	} {
		if err := write(filepath.Join(*out, name), rows); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%6d %s\n", len(rows), name)
	}
}

func write(path string, rows []row) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	var text strings.Builder
	for i, r := range rows {
		text.WriteString(map[bool]string{true: "[\n", false: ",\n"}[i == 0])
		var line strings.Builder
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(r); err != nil {
			return err
		}
		text.WriteString(strings.TrimSuffix(line.String(), "\n"))
	}
	text.WriteString("\n]\n")
	return os.WriteFile(path, []byte(text.String()), 0o644)
}
