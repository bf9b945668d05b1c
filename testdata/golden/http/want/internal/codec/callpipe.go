package codec

import "io"

// lazy starts to write a body when somebody reads it.
type lazy struct {
	*io.PipeReader
	write func()
}

// Read implements [io.Reader].
func (l *lazy) Read(p []byte) (int, error) {
	if l.write != nil {
		go l.write()
		l.write = nil
	}
	return l.PipeReader.Read(p)
}
