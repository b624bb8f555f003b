package kubelet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// longestLine is where the log of a container breaks a line in two, as container runtimes do.
const longestLine = 16 * 1024

// container is one container of a pod: its main process, again and again, and the logs of each attempt.
type container struct {
	id      string
	spec    v1.Container
	restart v1.RestartPolicy
	folder  string // where its processes begin
	logs    string // one file an attempt
	changed func()
	output  fan
	resize  chan remotecommand.TerminalSize

	lock     sync.Mutex
	input    *io.PipeWriter
	state    v1.ContainerState
	last     v1.ContainerState
	attempt  int32
	finished chan struct{} // closed when this attempt has ended
}

func newContainer(id, folder string, spec v1.Container, restart v1.RestartPolicy, changed func()) (*container, error) {
	c := &container{
		id: id, spec: spec, restart: restart, changed: changed,
		folder: filepath.Join(folder, "files"), logs: filepath.Join(folder, "logs"),
		resize:   make(chan remotecommand.TerminalSize),
		state:    v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "ContainerCreating"}},
		finished: make(chan struct{}),
	}
	for _, folder := range []string{c.folder, c.logs} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *container) logFile(attempt int32) string {
	return filepath.Join(c.logs, fmt.Sprintf("%d.log", attempt))
}

// supervise runs the main process and starts it again as the pod's policy says, until the context ends.
func (c *container) supervise(ctx context.Context) {
	pause := 100 * time.Millisecond
	for {
		code := c.once(ctx)
		again := c.restart == v1.RestartPolicyAlways || c.restart == "" ||
			(c.restart == v1.RestartPolicyOnFailure && code != 0)
		if ctx.Err() != nil || !again {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, 10*time.Second)
		c.lock.Lock()
		c.last, c.attempt, c.finished = c.state, c.attempt+1, make(chan struct{})
		c.lock.Unlock()
	}
}

func (c *container) once(ctx context.Context) int32 {
	started := metav1.Now()
	file, err := os.Create(c.logFile(c.attempt))
	if err == nil {
		defer func() { _ = file.Close() }()
		log := &logFile{file: file}
		out, errors := &lines{log: log, stream: "stdout"}, &lines{log: log, stream: "stderr"}
		main := &process{
			command: append(append([]string{}, c.spec.Command...), c.spec.Args...),
			folder:  c.folder, environment: c.environment(),
			out: io.MultiWriter(out, c.output.writer(false)), err: io.MultiWriter(errors, c.output.writer(true)),
			tty: c.spec.TTY, resize: c.resize,
		}
		c.lock.Lock()
		if c.spec.Stdin {
			var read *io.PipeReader
			read, c.input = io.Pipe()
			// Who attaches and writes to a process that has ended must not wait for ever.
			defer func() { _ = read.Close() }()
			main.in = read
		}
		c.state = v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: started}}
		c.lock.Unlock()
		c.changed()
		if len(main.command) == 0 {
			// The image would say what to run; without images such a container does nothing.
			<-ctx.Done()
		} else if err = main.run(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", c.id, err)
		}
		out.end()
		errors.end()
	}
	code, reason := exitCode(err), "Completed"
	if code != 0 {
		reason = "Error"
	}
	c.lock.Lock()
	c.state = v1.ContainerState{Terminated: &v1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, StartedAt: started, FinishedAt: metav1.Now(), ContainerID: "process://" + c.id,
	}}
	close(c.finished)
	c.lock.Unlock()
	c.changed()
	return code
}

func (c *container) environment() []string {
	var more []string
	for _, variable := range c.spec.Env {
		if variable.ValueFrom == nil {
			more = append(more, variable.Name+"="+variable.Value)
		}
	}
	return environment(c.folder, more...)
}

// status is what the pod's status says of this container.
func (c *container) status() v1.ContainerStatus {
	c.lock.Lock()
	defer c.lock.Unlock()
	running := c.state.Running != nil
	return v1.ContainerStatus{
		Name: c.spec.Name, Image: c.spec.Image, ImageID: c.spec.Image, ContainerID: "process://" + c.id,
		State: c.state, LastTerminationState: c.last, RestartCount: c.attempt, Ready: running, Started: &running,
	}
}

// attach copies between a stream and the main process until either ends.
func (c *container) attach(ctx context.Context, in io.Reader, out, errors io.Writer, resize <-chan remotecommand.TerminalSize) error {
	c.lock.Lock()
	input, finished, running := c.input, c.finished, c.state.Running != nil
	c.lock.Unlock()
	if !running {
		return fmt.Errorf("container %s is not running", c.spec.Name)
	}
	defer c.output.add(out, errors)()
	if in != nil && input != nil {
		go func() {
			_, _ = io.Copy(input, in)
			if c.spec.StdinOnce {
				_ = input.Close()
			}
		}()
	}
	go func() {
		for size := range resize {
			select {
			case c.resize <- size:
			case <-finished:
			}
		}
	}()
	select {
	case <-finished:
	case <-ctx.Done():
	}
	return nil
}

// fan hands what a process writes to all who are attached.
type fan struct {
	lock sync.Mutex
	to   map[*[2]io.Writer]struct{}
}

func (f *fan) add(out, errors io.Writer) (remove func()) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.to == nil {
		f.to = map[*[2]io.Writer]struct{}{}
	}
	both := &[2]io.Writer{out, errors}
	f.to[both] = struct{}{}
	return func() {
		f.lock.Lock()
		defer f.lock.Unlock()
		delete(f.to, both)
	}
}

func (f *fan) writer(errors bool) io.Writer {
	index := 0
	if errors {
		index = 1
	}
	return writerFunc(func(data []byte) (int, error) {
		f.lock.Lock()
		defer f.lock.Unlock()
		for both := range f.to {
			if to := both[index]; to != nil {
				if _, err := to.Write(data); err != nil {
					delete(f.to, both)
				}
			}
		}
		return len(data), nil
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(data []byte) (int, error) { return f(data) }

// logFile is the log of one attempt, in the format that container runtimes write and kubelets read.
type logFile struct {
	lock sync.Mutex
	file *os.File
}

func (l *logFile) write(stream, tag string, text []byte) {
	l.lock.Lock()
	defer l.lock.Unlock()
	stamp := time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z07:00")
	_, _ = fmt.Fprintf(l.file, "%s %s %s %s\n", stamp, stream, tag, text)
}

// lines splits what one stream writes into lines of the log.
type lines struct {
	log    *logFile
	stream string
	rest   []byte
}

func (l *lines) Write(data []byte) (int, error) {
	l.rest = append(l.rest, data...)
	for {
		if at := bytes.IndexByte(l.rest, '\n'); at >= 0 && at <= longestLine {
			l.log.write(l.stream, "F", l.rest[:at])
			l.rest = l.rest[at+1:]
		} else if len(l.rest) > longestLine {
			l.log.write(l.stream, "P", l.rest[:longestLine])
			l.rest = l.rest[longestLine:]
		} else {
			return len(data), nil
		}
	}
}

// end writes what has no end of line.
func (l *lines) end() {
	if len(l.rest) > 0 {
		l.log.write(l.stream, "P", l.rest)
	}
}
