package database

import (
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// readOnly is the SQLSTATE of a write that a server refuses because it is a replica.
const readOnly = "25006"

// followPrimary has a pool follow the primary when a replica becomes it. Of several
// hosts in the URL the one that takes writes is used, whatever order they have, unless
// the URL asks for another one. When the server of a connection turns out to be a
// replica, all connections are made anew: by then they lead to another server, by the
// list of hosts or by the name of the host.
func followPrimary(pc *pgxpool.Config, reset func()) {
	c := pc.ConnConfig
	if c.ValidateConnect == nil && severalHosts(&c.Config) {
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	usual := c.OnPgError
	c.OnPgError = func(conn *pgconn.PgConn, err *pgconn.PgError) bool {
		if err.Code == readOnly && conn.ParameterStatus("in_hot_standby") != "off" {
			reset()
			return false // closes this one
		}
		return usual(conn, err)
	}
}

func severalHosts(c *pgconn.Config) bool {
	for _, f := range c.Fallbacks { // also the ways to encrypt the same connection
		if f.Host != c.Host || f.Port != c.Port {
			return true
		}
	}
	return false
}
