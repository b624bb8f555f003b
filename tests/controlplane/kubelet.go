package main

import (
	"os"

	"clientset.dev/controlplane/kubelet"
)

// A file of its own, since older releases are built without it: they have no k8s.io/cri-streaming.
func init() {
	programs["kubelet"] = func() int { return kubelet.Main(os.Args[1:]) }
	atEnd = kubelet.KillAll
}
