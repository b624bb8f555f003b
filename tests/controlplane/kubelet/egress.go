package kubelet

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// egress serves the HTTP CONNECT that the API server's egress selector speaks: to the node's own address it hands the
// connection to the kubelet's server, to a pod's address it connects to the same port of the loopback interface.
func (a *agent) egress(direct *handedOver) *http.Server {
	return &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "this socket takes CONNECT only", http.StatusMethodNotAllowed)
			return
		}
		host, port, err := net.SplitHostPort(r.RequestURI)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if host == nodeAddress && port == fmt.Sprint(nodePort) {
			if conn, err := accept(w); err == nil {
				direct.hand(conn)
			}
			return
		}
		if host != nodeAddress && !a.pods.hasAddress(host) {
			http.Error(w, "no pod has the address "+host, http.StatusBadGateway)
			return
		}
		target, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", port), 10*time.Second)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		if conn, err := accept(w); err == nil {
			join(conn, target)
		}
	})}
}

func accept(w http.ResponseWriter) (net.Conn, error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// writeCloser is a connection whose writing half can be closed by itself.
type writeCloser interface{ CloseWrite() error }

// join copies in both directions; the end of one direction ends that direction only.
func join(a, b io.ReadWriteCloser) {
	var both sync.WaitGroup
	for _, pair := range [][2]io.ReadWriteCloser{{a, b}, {b, a}} {
		to, from := pair[0], pair[1]
		both.Go(func() {
			_, _ = io.Copy(to, from)
			if half, ok := to.(writeCloser); ok {
				_ = half.CloseWrite()
			} else {
				// Of a stream of SPDY this is the writing half.
				_ = to.Close()
			}
		})
	}
	both.Wait()
	_ = a.Close()
	_ = b.Close()
}

// handedOver is a listener of connections that are there already.
type handedOver struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newHandedOver() *handedOver {
	return &handedOver{conns: make(chan net.Conn), ended: make(chan struct{})}
}

func (h *handedOver) hand(conn net.Conn) {
	select {
	case h.conns <- conn:
	case <-h.ended:
		_ = conn.Close()
	}
}

func (h *handedOver) Accept() (net.Conn, error) {
	select {
	case conn := <-h.conns:
		return conn, nil
	case <-h.ended:
		return nil, net.ErrClosed
	}
}

func (h *handedOver) Close() error {
	h.once.Do(func() { close(h.ended) })
	return nil
}

func (h *handedOver) Addr() net.Addr {
	return &net.TCPAddr{IP: net.ParseIP(nodeAddress), Port: nodePort}
}
