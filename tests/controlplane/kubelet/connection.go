package kubelet

import (
	"bufio"
	"context"
	"net"
	"net/http"
)

// endsWithConnection gives a context that ends with the connection that a stream takes over: a process whose client is
// gone is killed here. (Container runtimes are less strict: theirs may go on.)
func endsWithConnection(w http.ResponseWriter) (http.ResponseWriter, context.Context) {
	ctx, cancel := context.WithCancel(context.Background())
	return &hijackable{w, cancel}, ctx
}

type hijackable struct {
	http.ResponseWriter
	cancel context.CancelFunc
}

func (h *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	watched := &watched{Conn: conn, reader: buffered.Reader, cancel: h.cancel}
	return watched, bufio.NewReadWriter(bufio.NewReader(watched), bufio.NewWriter(watched)), nil
}

// watched is a connection that ends a context when it ends. Both stream protocols read all the time, so that is noticed.
type watched struct {
	net.Conn
	reader *bufio.Reader // the server has read ahead
	cancel context.CancelFunc
}

func (w *watched) Read(data []byte) (int, error) {
	n, err := w.reader.Read(data)
	if err != nil {
		w.cancel()
	}
	return n, err
}

func (w *watched) Close() error {
	w.cancel()
	return w.Conn.Close()
}
