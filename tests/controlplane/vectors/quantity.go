package main

import (
	"math/big"
	"math/rand"
	"strconv"
	"strings"

	"gopkg.in/inf.v0"
	"k8s.io/apimachinery/pkg/api/resource"
)

var (
	suffixes = []string{"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
		"e0", "e3", "E3", "e-3", "e+6", "E-9", "e-10", "e18", "e21", "e40", "E+2", "e1", "e-1"}
	numbers = []string{"0", "1", "-1", "+1", "5", "007", "10", "100", "999", "1000", "1001", "1023", "1024", "1025", "1500", "2000",
		"1000000", "1048576", "123456789", "0.1", "0.01", "0.001", "0.0001", "0.5", ".5", "-.5", "5.", "1.5", "-1.5", "1.500", "1.10",
		"12.345", "0.000000001", "0.0000000001", "-0.0000000001", "1.0000000005", "00.10", "999999999999999", "9999999999999999",
		"999999999999999999", "1000000000000000000", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
		"-9223372036854775809", "18446744073709551616", "123456789012345678901234567890", "0.123456789012345678901234567890",
		"9007199254740993", "4611686018427387904"}
	odd = []string{"", " ", "0", "00", "+", "-", ".", "+.", "-.", "..", "1..2", "1.2.3", "--1", "+-1", "1-", "1+", "1-1", "e", "E", "e5", "E5",
		".e5", "e-10", ".e-10", "+e-10", "k", "Ki", ".Ki", "Ti", "Pi", "Ei", ".Ei", ".Pi", "1e", "1E", "1Ee5", "1e5e5", "1e+", "1e-", "1e+-5",
		"1eE5", "1K", "1ki", "1KI", "1i", "1mi", "1ni", "1kk", "1KiKi", "1Ki5", "1e5k", "1 k", " 1", "1 ", "1\n", "\t1", "1_000", "1,000", "0x10", "1e0x1",
		"NaN", "inf", "Inf", "infinity", "١", "1µ", "1\u0000", "\u0000", "1m1", "m", "n", "-m", "1e99999999999999999999", "1e9223372036854775807",
		"1e9223372036854775808", "1e4294967296", "1e4294967299", "1e-4294967296", "1e2147483647", "1e2147483646", "1e1000", "1.5e1000",
		"1234567890123456789e300", "1e-1000", "1e-400", "-1e-400", "0e-10", "0.0e-10", "-0", "+0", "-0.0", "0.0Ki", "0Ki", "0e5", "0m", "1e00005",
		"1e-00005", "8Ei", "7Ei", "9Ei", "-8Ei", "-9Ei", "8191Pi", "8192Pi", "8193Pi", "0.5Ki", "0.0001Ki", "0.0009765625Ki", "0.00048828125Ki",
		"1.5Gi", "1.1Mi", "0.1Ki", "0.3Ei", "-0.0001Ki", "1000E", "10000E", "999999E", "1000e18", "1.0e-9", "1e-9", "15e-10", "1.05n", "0.5n", "-0.5n",
		"100000000000000000000000000000000000000000000000000", strings.Repeat("9", 100), strings.Repeat("0", 100) + "1", "0." + strings.Repeat("0", 100) + "1",
		strings.Repeat("1", 40) + "Ki", "1." + strings.Repeat("1", 60) + "Mi", "0.1e-2147483648"}
)

// texts are the curated cases and the random ones; none makes Go expand a power of ten that has no end.
func texts() []string {
	all := append([]string{}, odd...)
	for _, n := range numbers {
		for _, s := range suffixes {
			all = append(all, n+s)
		}
	}
	r := rand.New(rand.NewSource(20240601))
	for range 2500 {
		all = append(all, randomQuantity(r))
	}
	const alphabet = "0012345.+-eEinumkKMGTP"
	for range 1200 {
		var b strings.Builder
		for range 1 + r.Intn(7) {
			b.WriteByte(alphabet[r.Intn(len(alphabet))])
		}
		if text := b.String(); !expensive(text) {
			all = append(all, text)
		}
	}
	seen, unique := map[string]bool{}, []string{}
	for _, text := range all {
		if !seen[text] {
			seen[text] = true
			unique = append(unique, text)
		}
	}
	return unique
}

func randomQuantity(r *rand.Rand) string {
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("00123456789"[r.Intn(11)])
		}
		return b.String()
	}
	text := []string{"", "", "", "-", "+"}[r.Intn(5)]
	switch r.Intn(4) {
	case 0:
		text += digits(1 + r.Intn(4))
	case 1:
		text += digits(1 + r.Intn(24))
	case 2:
		text += digits(1+r.Intn(6)) + "." + digits(r.Intn(14))
	default:
		text += digits(r.Intn(20)) + "." + digits(1+r.Intn(30))
	}
	if r.Intn(5) == 0 {
		return text + []string{"e", "E"}[r.Intn(2)] + []string{"", "-", "+"}[r.Intn(3)] + strconv.Itoa(r.Intn(40))
	}
	return text + suffixes[r.Intn(16)]
}

// expensive tells whether Go would expand a huge power of ten for this text.
func expensive(text string) bool {
	at := strings.LastIndexAny(text, "eE")
	if at < 0 {
		return false
	}
	exponent, err := strconv.Atoi(text[at+1:])
	return err == nil && (exponent > 2000 || exponent < -2000)
}

func canonical(q resource.Quantity) any {
	q = q.DeepCopy()
	if !hasSuffix(q) {
		return nil // Go would leave the suffix out and so print another number.
	}
	number, suffix := q.CanonicalizeBytes(nil)
	return string(number) + string(suffix)
}

// hasSuffix tells whether the canonical exponent of q is one that has a suffix.
func hasSuffix(q resource.Quantity) bool {
	if q.IsZero() || q.Format == resource.DecimalExponent {
		return true
	}
	dec := new(inf.Dec).Set(q.AsDec())
	unscaled, exponent := new(big.Int).Set(dec.UnscaledBig()), -int(dec.Scale())
	integer := new(inf.Dec).Round(dec, 0, inf.RoundDown)
	exact := integer.Cmp(dec) == 0
	if q.Format == resource.BinarySI && exact && new(inf.Dec).Abs(dec).Cmp(inf.NewDec(1024, 0)) >= 0 {
		limit := new(big.Int).Lsh(big.NewInt(1), 70)
		return new(big.Int).Rem(integer.UnscaledBig(), limit).Sign() != 0
	}
	ten, rest := big.NewInt(10), new(big.Int)
	for {
		quotient, _ := new(big.Int).QuoRem(unscaled, ten, rest)
		if rest.Sign() != 0 {
			return exponent < 21
		}
		unscaled, exponent = quotient, exponent+1
	}
}

// scaled is Go's own answer, or nil where that overflowed or was rounded towards zero.
func scaled(q resource.Quantity, scale resource.Scale) any {
	q = q.DeepCopy()
	answer := q.ScaledValue(scale)
	right := new(inf.Dec).Round(q.AsDec(), inf.Scale(-scale), inf.RoundUp).UnscaledBig()
	if !right.IsInt64() || right.Int64() != answer {
		return nil
	}
	return answer
}

// quantityParse: text, error or canonical form, format, value, milli value, approximate float.
func quantityParse() (rows []row) {
	for _, text := range texts() {
		q, err := resource.ParseQuantity(text)
		if err != nil {
			rows = append(rows, row{text, map[string]string{"error": err.Error()[:20]}})
			continue
		}
		if f := q.AsApproximateFloat64(); f > 1e300 || f < -1e300 {
			// What else there is to ask would make Go expand the power of ten.
			number, suffix := q.CanonicalizeBytes(nil)
			rows = append(rows, row{text, string(number) + string(suffix), string(q.Format), nil, nil, nil})
			continue
		}
		rows = append(rows, row{text, canonical(q), string(q.Format), scaled(q, 0), scaled(q, resource.Milli), q.AsFloat64Slow()})
	}
	return rows
}

func usable(r *rand.Rand) resourceText {
	for {
		text := ""
		switch r.Intn(4) {
		case 0:
			text = numbers[r.Intn(len(numbers))] + suffixes[r.Intn(len(suffixes))]
		case 1:
			text = strconv.Itoa(r.Intn(2048)) + suffixes[r.Intn(16)]
		default:
			text = randomQuantity(r)
		}
		if q, err := resource.ParseQuantity(text); err == nil {
			return resourceText{text, q}
		}
	}
}

type resourceText struct {
	text string
	q    resource.Quantity
}

// quantityPairs: a, b, comparison, a+b, a-b, -a.
func quantityPairs() (rows []row) {
	r := rand.New(rand.NewSource(7))
	for i := range 3000 {
		a, b := usable(r), usable(r)
		if i%10 == 0 {
			// The same value in another dress, so that equality is met often.
			if same, err := resource.ParseQuantity(a.q.String()); err == nil {
				b = resourceText{a.q.String(), same}
			}
		}
		left := a.q.DeepCopy()
		cmp := left.Cmp(b.q.DeepCopy())
		sum, difference, negative := a.q.DeepCopy(), a.q.DeepCopy(), a.q.DeepCopy()
		sum.Add(b.q.DeepCopy())
		difference.Sub(b.q.DeepCopy())
		negative.Neg()
		rows = append(rows, row{a.text, b.text, cmp, canonical(sum), canonical(difference), canonical(negative)})
	}
	return rows
}

// quantityChains: a start, then steps of [operation, operand, canonical form, format] on the running value.
func quantityChains() (rows []row) {
	fixed := [][]string{
		{"1Ki", "-512", "+512"}, {"1Ki", "-24", "-1k", "+1Ki"}, {"-1Ki", "+24", "-24"}, {"1Ki", "-1Ki", "+5"}, {"0Ki", "+5", "+1Ki"}, {"4Ei", "+4Ei", "+8Ei", "-8Ei"}, {"0", "-1Gi", "+1500m"},
		{"1e3", "+1", "-1001", "+1Ki"}, {"1.5Gi", "+1m", "-1m"}, {"9223372036854775807", "+1", "-1"}, {"512E", "+512E"}, {"1n", "+999999999n"},
	}
	r := rand.New(rand.NewSource(11))
	for range 400 {
		chain := []string{usable(r).text}
		for range 2 + r.Intn(6) {
			chain = append(chain, []string{"+", "-"}[r.Intn(2)]+usable(r).text)
		}
		fixed = append(fixed, chain)
	}
	for _, chain := range fixed {
		running := resource.MustParse(chain[0])
		steps := []row{}
		for _, step := range chain[1:] {
			operand := resource.MustParse(step[1:])
			if step[0] == '+' {
				running.Add(operand)
			} else {
				running.Sub(operand)
			}
			steps = append(steps, row{step[:1], step[1:], canonical(running), string(running.Format)})
		}
		rows = append(rows, row{chain[0], steps})
	}
	return rows
}

// quantityJSON: a JSON value, then nil for an error or the canonical form.
func quantityJSON() (rows []row) {
	for _, text := range []string{`0`, `1`, `-1`, `1.5`, `1e3`, `1E3`, `1e+3`, `1.5e-3`, `0.1`, `100000000000000000000`, `"1"`, `" 1 "`, `"1 Ki"`,
		`""`, `" "`, `null`, `true`, `false`, `[]`, `{}`, `"null"`, `"1Gi"`, `"1e3"`, `-0`, `-0.0`, `0e0`, `12345678901234567890.123456789012`} {
		q := resource.Quantity{}
		if err := q.UnmarshalJSON([]byte(text)); err != nil {
			rows = append(rows, row{text, nil})
		} else {
			rows = append(rows, row{text, canonical(q)})
		}
	}
	return rows
}
