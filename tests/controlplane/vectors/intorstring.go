package main

import (
	"k8s.io/apimachinery/pkg/util/intstr"
)

// intOrStringScaled: the JSON value, total, rounded up, rounded down; nil is an error.
func intOrStringScaled() (rows []row) {
	values := []intstr.IntOrString{intstr.FromInt32(0), intstr.FromInt32(5), intstr.FromInt32(-5)}
	for _, text := range []string{"0%", "1%", "-1%", "+5%", "25%", "33%", "50%", "99%", "100%", "101%", "250%", "%", "", "5", "5 %", " 5%", "5%%", "1.5%", "a%", "5%a", "0x5%", "1_0%", "2147483648%", "99999999999999999999%"} {
		values = append(values, intstr.FromString(text))
	}
	for _, value := range values {
		for _, total := range []int{0, 1, 2, 3, 7, 10, 99, 100, 101, 1000, 5000, -7, 1000003} {
			r := row{value, total, nil, nil}
			if up, err := intstr.GetScaledValueFromIntOrPercent(&value, total, true); err == nil {
				r[2] = up
			}
			if down, err := intstr.GetScaledValueFromIntOrPercent(&value, total, false); err == nil {
				r[3] = down
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// intOrStringParse: the text and what intstr.Parse makes of it.
func intOrStringParse() (rows []row) {
	for _, text := range []string{"", "0", "1", "-1", "+1", "007", "80", "http", "2147483647", "2147483648", "-2147483648", "-2147483649", "1.0", "1e3", " 1", "50%", "1_0", "0x1"} {
		rows = append(rows, row{text, intstr.Parse(text)})
	}
	return rows
}
