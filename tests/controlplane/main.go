// Command controlplane is a Kubernetes control plane in one multi-call binary:
// etcd, kube-apiserver, kube-controller-manager and kubectl, chosen by the first argument; in the newest release also a
// kubelet of our own (kubelet.go).
//
// It exists for end-to-end tests only. It deliberately adds no behaviour to the programs it contains, save one:
// with CONTROLPLANE_END_WITH_STDIN set, the program ends as soon as its standard input does, so that no server
// outlives the test run that holds the other end of that pipe, however that run ends.
package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// programs are the programs by name. Each reads os.Args itself.
var programs = map[string]func() int{
	"etcd":                    func() int { etcdmain.Main(os.Args); return 0 },
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
	"kubectl":                 func() int { return cli.Run(kubectl.NewDefaultKubectlCommand()) },
}

// atEnd is what is left to do when the process ends with its standard input.
var atEnd = func() {}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	name := os.Args[1]
	program, known := programs[name]
	if !known {
		usage()
	}
	// The first argument is taken out before the program reads them.
	os.Args = append([]string{name}, os.Args[2:]...)
	if os.Getenv("CONTROLPLANE_END_WITH_STDIN") != "" {
		go endWithStdin()
	}
	os.Exit(program())
}

// endWithStdin ends the process when the other end of standard input is gone. There is nothing to shut down
// in an orderly way: the data is in a temporary folder.
func endWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	atEnd()
	os.Exit(0)
}

func usage() {
	names := strings.Join(slices.Sorted(maps.Keys(programs)), "|")
	fmt.Fprintf(os.Stderr, "usage: controlplane %s [FLAGS]\n", names)
	os.Exit(2)
}
