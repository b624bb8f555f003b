// Command controlplane is a Kubernetes control plane in one multi-call binary:
// etcd, kube-apiserver, kube-controller-manager and kubectl, chosen by the first argument.
//
// It exists for end-to-end tests only. It deliberately adds no behaviour to the programs it contains, save one:
// with CONTROLPLANE_END_WITH_STDIN set, the program ends as soon as its standard input does, so that no server
// outlives the test run that holds the other end of that pipe, however that run ends.
package main

import (
	"fmt"
	"io"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	program := os.Args[1]
	// Each program parses os.Args itself, so the first argument is taken out before it starts.
	os.Args = append([]string{program}, os.Args[2:]...)
	if os.Getenv("CONTROLPLANE_END_WITH_STDIN") != "" {
		go endWithStdin()
	}
	switch program {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllermanager.NewControllerManagerCommand()))
	case "kubectl":
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	default:
		usage()
	}
}

// endWithStdin ends the process when the other end of standard input is gone. There is nothing to shut down
// in an orderly way: the data is in a temporary folder.
func endWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: controlplane etcd|kube-apiserver|kube-controller-manager|kubectl [FLAGS]")
	os.Exit(2)
}
