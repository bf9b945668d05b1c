-- +goose Up
CREATE TABLE books (
    id TEXT NOT NULL PRIMARY KEY,
    title TEXT DEFAULT '',
    author TEXT,
    shelf TEXT
);

CREATE INDEX books_author_idx ON books (author);
CREATE INDEX books_shelf_idx ON books (shelf);

CREATE TABLE fines (
    id TEXT NOT NULL PRIMARY KEY,
    reader TEXT DEFAULT '',
    cents BIGINT DEFAULT 0
);

CREATE TABLE reservations (
    id TEXT NOT NULL PRIMARY KEY,
    book_id TEXT REFERENCES books (id),
    reader TEXT DEFAULT ''
);

CREATE INDEX reservations_book_id_idx ON reservations (book_id);

-- +goose Down
DROP TABLE reservations;

DROP TABLE fines;

DROP TABLE books;
