// Package kubelet is the kubelet's end of a test cluster: one node whose containers are processes of this machine.
//
// The API server reaches it as it reaches a real one: exec, attach, port-forward, logs, and the proxies of nodes, pods and
// services. The wire protocols are those of k8s.io/cri-streaming, the log reader that of k8s.io/cri-client; only what a
// container is differs. It deliberately isolates nothing: a container is a process group with a folder, all pods share
// the loopback interface, images, volumes, probes and init containers are not looked at.
package kubelet

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// Addresses that no machine has: the API server refuses to proxy to loopback addresses, so node and pods have others,
// and what the API server sends there comes through its egress selector to our socket.
const (
	nodeAddress = "10.99.0.1"
	nodePort    = 10250
)

// agent is one node.
type agent struct {
	client kubernetes.Interface
	node   string
	folder string
	pods   podTable
}

// Main runs the program and returns its exit code.
func Main(arguments []string) int {
	flags := flag.NewFlagSet("kubelet", flag.ExitOnError)
	var (
		kubeconfig  = flags.String("kubeconfig", "", "the `file` by which it speaks to the API server")
		node        = flags.String("node-name", "node-0", "the name of its Node")
		folder      = flags.String("folder", "kubelet", "a `folder` for what containers write")
		socket      = flags.String("egress-socket", "egress.sock", "the Unix `socket` that the API server's egress selector names")
		ca          = flags.String("client-ca-file", "", "the CA of the API server's client certificate")
		certificate = flags.String("tls-cert-file", "", "its own certificate, for "+nodeAddress)
		key         = flags.String("tls-private-key-file", "", "the key of its certificate")
	)
	klog.InitFlags(flags)
	_ = flags.Parse(arguments)
	if err := run(*kubeconfig, *node, *folder, *socket, *ca, *certificate, *key); err != nil {
		fmt.Fprintln(os.Stderr, "kubelet:", err)
		return 1
	}
	return 0
}

func run(kubeconfig, node, folder, socket, ca, certificate, key string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	// Its default of 5 requests a second would let a hundred pods wait for their status.
	config.QPS, config.Burst = 500, 500
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return err
	}
	tls, err := serverTLS(ca, certificate, key)
	if err != nil {
		return err
	}
	// Whoever finds a socket there that answers shares the control plane with another kubelet.
	if other, err := net.Dial("unix", socket); err == nil {
		_ = other.Close()
		return fmt.Errorf("another kubelet serves %s", socket)
	}
	_ = os.Remove(socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	agent := &agent{client: client, node: node, folder: folder}
	ended := make(chan error, 2)
	direct := newHandedOver()
	go func() { ended <- agent.server(tls).ServeTLS(direct, "", "") }()
	go func() { ended <- agent.egress(direct).Serve(listener) }()
	ctx := context.Background()
	if err := agent.register(ctx); err != nil {
		return err
	}
	if err := agent.watchPods(ctx); err != nil {
		return err
	}
	// Who started us waits for this line.
	fmt.Println("ready")
	return <-ended
}
