package kubelet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const (
	// idle is how long a stream may be without a byte; the kubelet's own value.
	idle = 4 * time.Hour
	// creation is how long a client may take to open the streams of a connection.
	creation = remotecommand.DefaultStreamCreationTimeout
)

// serverTLS lets in who shows a certificate of the CA: everybody else could run programs here.
func serverTLS(ca, certificate, key string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("no certificate in %s", ca)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    roots,
		MinVersion:   tls.VersionTLS12,
	}, nil
}

// server answers what the API server asks a kubelet.
func (a *agent) server(config *tls.Config) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	mux.HandleFunc("GET /pods", func(w http.ResponseWriter, _ *http.Request) {
		list := v1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: a.pods.all()}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(list)
	})
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", a.logs)
	for _, method := range []string{"GET ", "POST "} {
		mux.HandleFunc(method+"/exec/{namespace}/{pod}/{container}", a.exec)
		mux.HandleFunc(method+"/attach/{namespace}/{pod}/{container}", a.attach)
		mux.HandleFunc(method+"/portForward/{namespace}/{pod}", a.portForward)
	}
	return &http.Server{Handler: mux, TLSConfig: config}
}

// running finds the container of a request, or says what is wrong as the kubelet does.
func (a *agent) running(w http.ResponseWriter, r *http.Request) *container {
	container, err := a.pods.container(r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return nil
	}
	return container
}

func (a *agent) exec(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	container := a.running(w, r)
	if container == nil {
		return
	}
	w, ctx := endsWithConnection(w)
	command := r.URL.Query()["command"]
	remotecommand.ServeExec(w, r, streams{ctx, container}, "", "", "", command, options, idle, creation,
		remotecommand.SupportedStreamingProtocols)
}

func (a *agent) attach(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	container := a.running(w, r)
	if container == nil {
		return
	}
	w, ctx := endsWithConnection(w)
	remotecommand.ServeAttach(w, r, streams{ctx, container}, "", "", "", options, idle, creation,
		remotecommand.SupportedStreamingProtocols)
}

func (a *agent) portForward(w http.ResponseWriter, r *http.Request) {
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name := r.PathValue("pod")
	if a.pods.get(r.PathValue("namespace"), name) == nil {
		http.Error(w, "pod does not exist", http.StatusNotFound)
		return
	}
	w, ctx := endsWithConnection(w)
	portforward.ServePortForward(w, r, forwarder{ctx}, name, "", options, idle, creation, portforward.SupportedProtocols)
}

// streams is one container for one connection.
type streams struct {
	connection context.Context
	container  *container
}

func (s streams) ExecInContainer(
	_ context.Context, _, _, _ string, command []string, in io.Reader, out, errors io.WriteCloser,
	tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	program := &process{
		command: command, folder: s.container.folder, environment: s.container.environment(),
		in: in, out: writer(out), err: writer(errors), tty: tty, resize: resize,
	}
	return program.run(s.connection)
}

func (s streams) AttachContainer(
	_ context.Context, _, _, _ string, in io.Reader, out, errors io.WriteCloser,
	_ bool, resize <-chan remotecommand.TerminalSize,
) error {
	return s.container.attach(s.connection, in, writer(out), writer(errors), resize)
}

// writer keeps a stream that nobody asked for a nil that can be seen.
func writer(stream io.WriteCloser) io.Writer {
	if stream == nil {
		return nil
	}
	return stream
}

// forwarder forwards the ports of a pod for one connection; what listens there listens on the loopback interface.
type forwarder struct{ connection context.Context }

func (f forwarder) PortForward(_ context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	var dialer net.Dialer
	target, err := dialer.DialContext(f.connection, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer context.AfterFunc(f.connection, func() { _ = target.Close() })()
	join(stream, target)
	return nil
}
