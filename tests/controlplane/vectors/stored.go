package main

import (
	"encoding/base64"
	"math/rand"
	"regexp"
	"strings"
	"time"

	"k8s.io/kube-openapi/pkg/validation/strfmt"
)

// quantityPattern is what schemas of custom resources say of a quantity.
var quantityPattern = regexp.MustCompile(`^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`)

// storedTimes: text, and whether a server takes it for `format: date-time` of a custom resource.
func storedTimes() (rows []row) {
	all := append(times(), "2024-06-01t12:00:00z", "2024-06-01T12:00:00z", "2024-06-01t12:00:00.5Z", "2024-06-01T12:00:00x5Z", "2024-06-01T12:00:00é5Z",
		"2024-06-01T12:00:0012Z", "2024-06-01T12:00:001Z", "2024-06-01T12:00:00\n5Z", "2024-06-01T12:00:00Z\n", "2024-06-01T12:00:00-01+02:00", "2024-06-01T12:00:00+99:99",
		"2024-06-01T12:00:00-99:99", "2024-06-01T12:00:00.5-25:61", "2024-06-01T12:00:00ZTrest", "2024-06-01T12:00:00ztt", "2024-06-01T12:00:00T", "2024-06-01T12:00:00",
		"t2024-06-01T12:00:00Z", "2024-06-01T24:00:00z", "2024-06-01T12:60:00z", "2024-06-01T12:00:60z", "0000-01-01t00:00:00+99:99", "9999-12-31t23:59:59-99:99",
		"2024-02-30t00:00:00z", "2024-06-01T1:00:00z", "2024-06-01T12:00:00.z", "2024-06-01T12:00:00zz", "2024-06-01tz", "2024-06-01t", "2024-06-01T12:00:00🙂5z", "2024-06-01T12:00:00.5z1")
	for digits := 1; digits <= 12; digits++ {
		all = append(all, "2024-06-01T12:00:00."+strings.Repeat("7", digits)+"z")
	}
	r := rand.New(rand.NewSource(11))
	const alphabet = "0123456789-:.TtZz+, x"
	for range 400 {
		layout := []string{time.RFC3339Nano, "2006-01-02t15:04:05z", "2006-01-02T15:04:05.000z07:00"}[r.Intn(3)]
		text := []byte(time.Unix(r.Int63n(4000000000), r.Int63n(1000000000)).UTC().Format(layout))
		for range 1 + r.Intn(2) {
			text[r.Intn(len(text))] = alphabet[r.Intn(len(alphabet))]
		}
		all = append(all, string(text))
	}
	for _, text := range all {
		rows = append(rows, row{text, strfmt.Default.Validates("datetime", text)})
	}
	return rows
}

// storedQuantities: text, and whether a server takes it where the schema has the pattern of quantities.
func storedQuantities() (rows []row) {
	all := append(texts(), "1e1.5", "1e.5", "1E5.", "-1e+1.5", "1e.", "1e1.5.", "1e1.5m", "1e99999999999999999999", ".5e99999999999999999999.5", "1\n", "1e1.5\n")
	for _, text := range all {
		rows = append(rows, row{text, quantityPattern.MatchString(text)})
	}
	return rows
}

// storedBytes: text, and the bytes (as a list of numbers) where a server takes it for `format: byte` of a custom resource.
func storedBytes() (rows []row) {
	all := []string{"", " ", "Zg==", "Zg=", "Zg", "Zh==", "Zm8=", "Zm9=", "Zm9v", "Zm9vYmFy", "Zm9v\nYmFy", "Zm9v\r\n", " Zm9v", "+/+/", "-_-_", "====", "Z===", "Zm9vZ===", "Zm=v", "é==="}
	r := rand.New(rand.NewSource(12))
	const alphabet = "ABCabc019+/=-_\n"
	for range 300 {
		var b strings.Builder
		for range 4 * (1 + r.Intn(2)) {
			b.WriteByte(alphabet[r.Intn(len(alphabet))])
		}
		all = append(all, b.String())
	}
	for _, text := range all {
		answer := row{text, nil}
		if strfmt.Default.Validates("byte", text) {
			bytes, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				panic(err)
			}
			numbers := []int{}
			for _, b := range bytes {
				numbers = append(numbers, int(b))
			}
			answer[1] = numbers
		}
		rows = append(rows, answer)
	}
	return rows
}
