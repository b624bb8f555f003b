package main

import (
	"encoding/json"
	"math/rand"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// times are well-formed, nearly well-formed and malformed texts.
func times() []string {
	all := []string{"", " ", "null", "2024", "2024-02-29", "2024-02-29T12:00:00", "2024-02-29T12:00:00Z", "2023-02-29T12:00:00Z", "2024-02-30T00:00:00Z",
		"1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2024-01-01t00:00:00Z", "2024-01-01T00:00:00z", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00.Z",
		"2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00.123456Z", "2024-01-01T00:00:00,123456Z", "2024-01-01T00:00:00.123456789Z",
		"2024-01-01T00:00:00.1234567891Z", "2024-01-01T00:00:00.12345678919999999999999999Z", "2024-01-01T00:00:00.000000Z", "2024-01-01T00:00:00.000Z",
		"2024-01-01T00:00:00.000000+02:00", "2024-01-01T00:00:00.000000-02:30", "2024-01-01T00:00:00+00:00", "2024-01-01T00:00:00-00:00", "2024-01-01T00:00:00+01:00",
		"2024-01-01T00:00:00+23:59", "2024-01-01T00:00:00-23:59", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+24:60", "2024-01-01T00:00:00+25:00",
		"2024-01-01T00:00:00+00:61", "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00+01", "2024-01-01T00:00:00+1:00", "2024-01-01T00:00:00 Z", "2024-01-01T00:00:00ZZ",
		"2024-01-01T00:00:00Z ", " 2024-01-01T00:00:00Z", "2024-01-01T1:02:03Z", "2024-01-01T01:2:03Z", "2024-01-01T01:02:3Z", "2024-1-01T01:02:03Z",
		"2024-01-1T01:02:03Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z", "2024-01-00T00:00:00Z", "2024-01-32T00:00:00Z", "2024-04-31T00:00:00Z",
		"2024-01-01T24:00:00Z", "2024-01-01T23:60:00Z", "2024-01-01T23:59:60Z", "2016-12-31T23:59:60Z", "2024-01-01T23:59:59.999999999Z", "0001-01-01T00:00:00Z",
		"0001-01-01T00:00:00.000000Z", "0001-01-01T01:00:00+01:00", "0001-01-01T00:00:01Z", "0001-01-01T00:00:00.5Z", "0000-01-01T00:00:00Z", "0000-02-29T00:00:00Z",
		"0000-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", "9999-12-30T22:00:01Z", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00", "10000-01-01T00:00:00Z",
		"-001-01-01T00:00:00Z", "+2024-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.999999Z",
		"2024-01-01T00:00:00.5+02:00", "2024-01-01T00:00:00.5+24:01", "2024-01-01T00:00Z", "2024-01-01T00Z", "20240101T000000Z", "2024-001T00:00:00Z", "2024-W01-1T00:00:00Z",
		"２024-01-01T00:00:00Z", "2024-01-01T00:00:00Z[UTC]", "2024-01-01T00:00:00\u0000Z", "2024-01-01T00:00:00−01:00", "2024-01-01T1:2:3Z", "2024-01-01T1:02:03.5+01:00",
		"2024-01-01T00:00:00.1a", "2024-01-01T00:00:00.+01:00", "2024-01-01T00:00:00,Z", "2024-01-01T00:00:00.12 Z", "2024-01-01T+1:00:00Z", "2024-01-01T-1:00:00Z",
		"2024-01-01T00:00:00+0a:00", "2024-01-01T00:00:00+00-00", "2024-01-01T00:00:00+-1:00", "2024-01-01T00:00:00.123456", "2024-01-01T00:00:00.1234567Z", "2024-01-01T00:00:00.12345Z"}
	r := rand.New(rand.NewSource(3))
	layouts := []string{time.RFC3339, time.RFC3339, metav1.RFC3339Micro, metav1.RFC3339Micro, time.RFC3339Nano, "2006-01-02T15:04:05.000Z07:00"}
	for range 600 {
		zone := time.UTC
		if r.Intn(3) == 0 {
			zone = time.FixedZone("", (r.Intn(27*4)-13*4)*900)
		}
		moment := time.Unix(r.Int63n(253402300799+62135596800)-62135596800, r.Int63n(1000000000)).In(zone)
		if moment.Year() > 9999 {
			continue
		}
		all = append(all, moment.Format(layouts[r.Intn(len(layouts))]))
	}
	const alphabet = "0123456789-:.TZ+, "
	for range 300 {
		text := []byte(time.Unix(r.Int63n(4000000000), r.Int63n(1000000000)).UTC().Format(layouts[r.Intn(len(layouts))]))
		text[r.Intn(len(text))] = alphabet[r.Intn(len(alphabet))]
		all = append(all, string(text))
	}
	return all
}

// timeParse: text, then for Time and for MicroTime nil or [seconds, nanoseconds, what Go writes].
func timeParse() (rows []row) {
	for _, text := range times() {
		quoted, _ := json.Marshal(text)
		var t metav1.Time
		var m metav1.MicroTime
		r := row{text, nil, nil}
		if t.UnmarshalJSON(quoted) == nil {
			r[1] = answer(t.Unix(), t.Nanosecond(), t)
		}
		if m.UnmarshalJSON(quoted) == nil {
			r[2] = answer(m.Unix(), m.Nanosecond(), m)
		}
		rows = append(rows, r)
	}
	return rows
}

func answer(seconds int64, nanoseconds int, value json.Marshaler) any {
	text, err := value.MarshalJSON()
	if err != nil {
		return nil
	}
	return row{seconds, nanoseconds, json.RawMessage(text)}
}

// timeFormat: seconds and microseconds of an instant, what Go writes for Time and for MicroTime.
func timeFormat() (rows []row) {
	r := rand.New(rand.NewSource(5))
	instants := []int64{0, -1, 1, -62135596800, -62135596799, -62135596801, -62167219200, 253402300799, 253402207200, 1704067200, 951782400, 951868800}
	for range 300 {
		instants = append(instants, r.Int63n(253402300799+62167219200)-62167219200)
	}
	for i, seconds := range instants {
		micros := r.Int63n(1000000)
		if i < 12 || i%7 == 0 {
			micros = 0
		}
		t, _ := metav1.Unix(seconds, micros*1000).MarshalJSON()
		m, _ := metav1.UnixMicro(seconds, micros*1000).MarshalJSON()
		rows = append(rows, row{seconds, micros, json.RawMessage(t), json.RawMessage(m)})
	}
	return rows
}
