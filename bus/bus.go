package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// Config shapes a bus.
type Config struct {
	// URL is of a NATS server with JetStream; "" starts one inside.
	URL string
	// Dir is where the server inside keeps what it stores.
	Dir string
	// Listen is where the server inside takes connections of other processes, as
	// HOST:PORT; "" takes none.
	Listen string
	// Sync is how long the server inside may wait before it has the kernel write to
	// the disk. Default: 1 second. Negative: for each message, which is slow.
	Sync time.Duration
	// Keep is how long results are kept. Default: 1 hour.
	Keep time.Duration
	// AckWait is how long after a worker's last sign of life an invocation is given to
	// another. Default: 30 seconds.
	AckWait time.Duration
	Log     *slog.Logger
}

// MaxMessage bounds one message on the bus, in bytes: an invocation with its input, a
// result without a large output.
const MaxMessage = 8 << 20

// Bus is a connection to what the processes share. Its methods may be called from any
// goroutine.
type Bus struct {
	cfg    Config
	name   string         // tells the processes apart
	server *server.Server // nil if it is somebody else's
	held   *os.File       // the server's directory
	conn   *nats.Conn
	js     jetstream.JetStream

	reclaimer reclaimer

	queue    jetstream.Stream
	results  jetstream.KeyValue
	large    jetstream.ObjectStore
	modules  jetstream.ObjectStore
	state    jetstream.KeyValue
	lists    jetstream.Stream
	files    jetstream.KeyValue
	pieces   jetstream.Stream // of files
	apps     jetstream.KeyValue
	reserved jetstream.KeyValue
}

// Open starts the server or connects to one, and makes there what is missing. The error is
// an *InUse where another process has a server in that directory.
func Open(ctx context.Context, cfg Config) (*Bus, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Keep == 0 {
		cfg.Keep = time.Hour
	}
	if cfg.AckWait == 0 {
		cfg.AckWait = 30 * time.Second
	}
	b := &Bus{cfg: cfg, name: nuid.Next()}
	if err := b.connect(); err != nil {
		b.Close()
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("prepare the bus: %w", err)
	}
	return b, nil
}

func (b *Bus) connect() (err error) {
	options := []nats.Option{
		nats.Name("faaslens"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.cfg.Log.Warn("the connection to NATS is lost and is tried again", "error", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { b.cfg.Log.Info("connected to NATS again", "url", c.ConnectedUrlRedacted()) }),
	}
	url := b.cfg.URL
	if url == "" {
		if err := b.startServer(); err != nil {
			return err
		}
		options = append(options, nats.InProcessServer(b.server))
	}
	if b.conn, err = nats.Connect(url, options...); err != nil {
		return fmt.Errorf("connect to NATS at %s: %w: is it running there? A faaslens server takes others with --nats-listen HOST:PORT", url, err)
	}
	b.js, err = jetstream.New(b.conn, jetstream.WithPublishAsyncMaxPending(4096))
	return err
}

// startServer starts the server inside.
func (b *Bus) startServer() error {
	o := &server.Options{
		ServerName: "faaslens", JetStream: true, StoreDir: b.cfg.Dir, DontListen: b.cfg.Listen == "",
		NoLog: true, NoSigs: true, MaxPayload: MaxMessage + 64<<10, SyncInterval: b.cfg.Sync, SyncAlways: b.cfg.Sync < 0,
		JetStreamMaxStore: -1, JetStreamMaxMemory: -1,
	}
	if b.cfg.Sync <= 0 {
		o.SyncInterval = time.Second
	}
	if b.cfg.Listen != "" {
		host, port, err := net.SplitHostPort(b.cfg.Listen)
		if err != nil {
			return fmt.Errorf("start NATS: listen on %q: want HOST:PORT", b.cfg.Listen)
		}
		o.Host = host
		if o.Port, err = strconv.Atoi(port); err != nil {
			return fmt.Errorf("start NATS: listen on %q: want HOST:PORT", b.cfg.Listen)
		}
		if o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	var err error
	if b.held, err = hold(b.cfg.Dir); err != nil {
		return err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return fmt.Errorf("start NATS: %w", err)
	}
	b.server = s
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return fmt.Errorf("start NATS: it is not ready after 10 seconds: can it write to %s, and is %s free?", b.cfg.Dir, b.cfg.Listen)
	}
	return nil
}

// URL is where other processes reach the server, or "".
func (b *Bus) URL() string {
	switch {
	case b.server == nil:
		return b.cfg.URL
	case b.cfg.Listen == "":
		return ""
	}
	return b.server.ClientURL()
}

// Names on the server.
const (
	queueName    = "FAASLENS_INVOCATIONS"
	queuePrefix  = "faaslens.invoke."
	resultsName  = "faaslens_results"
	largeName    = "faaslens_outputs"
	modulesName  = "faaslens_modules"
	stateName    = "faaslens_state"
	listsName    = "FAASLENS_LISTS"
	listPrefix   = "faaslens.list."
	filesName    = "faaslens_files"
	piecesName   = "FAASLENS_FILES"
	filePrefix   = "faaslens.file."
	appsName     = "faaslens_apps"
	reservedName = "faaslens_reserved"
)

// prepare makes the streams and buckets.
func (b *Bus) prepare(ctx context.Context) (err error) {
	if b.queue, err = b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: queueName, Subjects: []string{queuePrefix + ">"}, Retention: jetstream.WorkQueuePolicy,
		Storage: jetstream.FileStorage, MaxMsgSize: MaxMessage, Duplicates: 2 * time.Minute, AllowDirect: true,
	}); err != nil {
		return fmt.Errorf("the queue: %w", err)
	}
	if b.results, err = b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: resultsName, TTL: b.cfg.Keep, Storage: jetstream.FileStorage, MaxValueSize: MaxMessage,
	}); err != nil {
		return fmt.Errorf("the results: %w", err)
	}
	if b.reserved, err = b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		// Who uses a name until the last moment may have its results kept once more.
		Bucket: reservedName, TTL: 3 * b.cfg.Keep, Storage: jetstream.FileStorage,
	}); err != nil {
		return fmt.Errorf("the reserved names: %w", err)
	}
	if b.large, err = b.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: largeName, TTL: b.cfg.Keep, Storage: jetstream.FileStorage}); err != nil {
		return fmt.Errorf("the outputs: %w", err)
	}
	if b.modules, err = b.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: modulesName, Storage: jetstream.FileStorage}); err != nil {
		return fmt.Errorf("the modules: %w", err)
	}
	if b.state, err = b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: stateName, Storage: jetstream.FileStorage}); err != nil {
		return fmt.Errorf("the state: %w", err)
	}
	if b.lists, err = b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: listsName, Subjects: []string{listPrefix + ">"}, Storage: jetstream.FileStorage, MaxMsgSize: MaxMessage, AllowDirect: true,
	}); err != nil {
		return fmt.Errorf("the lists of state: %w", err)
	}
	if b.files, err = b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: filesName, Storage: jetstream.FileStorage}); err != nil {
		return fmt.Errorf("the files: %w", err)
	}
	if b.pieces, err = b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: piecesName, Subjects: []string{filePrefix + ">"}, Storage: jetstream.FileStorage, AllowDirect: true,
	}); err != nil {
		return fmt.Errorf("the files' content: %w", err)
	}
	if b.apps, err = b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: appsName, TTL: b.cfg.Keep, Storage: jetstream.FileStorage}); err != nil {
		return fmt.Errorf("the applications: %w", err)
	}
	return nil
}

// Close ends the connection, and the server if it is inside. It may be called twice.
func (b *Bus) Close() {
	if b.conn != nil {
		b.conn.Close()
	}
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
	if b.held != nil {
		b.held.Close()
	}
}

// AckWait is how long after a worker's last sign of life an invocation is given to another.
func (b *Bus) AckWait() time.Duration { return b.cfg.AckWait }

// Ready says why the bus cannot be used now; nil if it can.
func (b *Bus) Ready() error {
	if !b.conn.IsConnected() {
		return errors.New("there is no connection to NATS")
	}
	return nil
}
