-- +goose Up
CREATE TABLE http_sessions (
	id         TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL,
	data       TEXT NOT NULL,
	version    BIGINT NOT NULL,
	created_at TIMESTAMPTZ NOT NULL,
	expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX http_sessions_user_id ON http_sessions (user_id);
CREATE INDEX http_sessions_expires_at ON http_sessions (expires_at);

-- +goose Down
DROP TABLE http_sessions;
