package codec

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// slowClient is a connection whose write deadlines are counted.
type slowClient struct {
	*httptest.ResponseRecorder
	deadlines int
	unheeded  int // bytes since the last deadline
	t         *testing.T
}

func (c *slowClient) SetWriteDeadline(at time.Time) error {
	if left := time.Until(at); left < itemTime-time.Second || left > itemTime {
		c.t.Errorf("a client has %s for a piece", left)
	}
	c.deadlines, c.unheeded = c.deadlines+1, 0
	return nil
}

func (c *slowClient) Write(b []byte) (int, error) {
	if c.unheeded += len(b); c.unheeded > piece {
		c.t.Errorf("%d bytes have one deadline", c.unheeded)
	}
	return c.ResponseRecorder.Write(b)
}

// TestWriteStreamGivesTimeForEachPiece: a download may take longer than the server
// has for an answer.
func TestWriteStreamGivesTimeForEachPiece(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 3*piece/16+1)
	w := &slowClient{ResponseRecorder: httptest.NewRecorder(), t: t}
	WriteStream(w, http.StatusOK, "application/octet-stream", bytes.NewReader(content))
	if !bytes.Equal(w.Body.Bytes(), content) || w.deadlines != 4 {
		t.Errorf("got %d bytes of %d in %d pieces", w.Body.Len(), len(content), w.deadlines)
	}
}
