// Command driver does what controllers do, with client-go: informers, server-side apply, typed errors, paging, leader
// election. It prints what it saw, line by line, so that two API servers can be compared; it judges nothing itself.
//
// The kubeconfig is in KUBECONFIG, a namespace of its own in ns, the form of bodies, if not client-go's own choice, in
// CONTENT_TYPE. tests/it/conformance/client-go has the scripts.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// world is what every command works with.
type world struct {
	config    *rest.Config
	client    kubernetes.Interface
	namespace string
}

var commands = map[string]func(context.Context, world) error{
	"informer":  informer,
	"selector":  selector,
	"resync":    resync,
	"apply":     apply,
	"status":    applyStatus,
	"errors":    typedErrors,
	"pages":     pages,
	"conflicts": conflicts,
	"election":  election,
	"dynamic":   dynamicClient,
	"metadata":  metadataClient,
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 || commands[os.Args[1]] == nil {
		return errors.New("usage: driver COMMAND; the commands are in main.go")
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	// A test is not to wait for client-go's own patience.
	config.QPS = -1
	// Of its own, client-go writes protobuf.
	config.ContentType = os.Getenv("CONTENT_TYPE")
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Second)
	defer cancel()
	return commands[os.Args[1]](ctx, world{config: config, client: client, namespace: os.Getenv("ns")})
}

// configMap is a config map with one entry and one label.
func configMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"made": "by-driver"}},
		Data:       map[string]string{"k": value},
	}
}

// show prints a value as JSON, with the members of maps in order.
func show(title string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	fmt.Println(title, string(text))
	return nil
}
