-- The desk: accounts, conversations, messages, what was said of them, and replies on their way out.
--
-- One text for SQLite and PostgreSQL. Ids are UUIDv7 texts, times are unix milliseconds, words are checked.
-- What strangers wrote is BYTEA: PostgreSQL refuses U+0000 in TEXT, and their bytes must come back as they came.
--
-- Invariants: a platform's message exists once an account; a conversation's `remote_version` never vouches for a
-- message that is not here; a reply is `sent` only together with the platform's id of it.

-- A connected platform account. Its secrets live elsewhere.
CREATE TABLE account (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('tiktok_shop', 'instagram', 'messenger', 'youtube', 'email', 'lazada', 'shopee', 'telegram', 'file')),
    name BYTEA NOT NULL,
    remote_id TEXT NOT NULL,
    base_url TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (kind, remote_id)
);

-- How far the walk over an account's conversations got. `settled`: the last walk reached what was known before it.
CREATE TABLE cursor (
    account_id TEXT PRIMARY KEY NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    value TEXT NOT NULL,
    settled BOOLEAN NOT NULL
);

-- A talk with one buyer. `remote_version` is the channel's cursor of it. From `lead_message_id` on: what its place in
-- a queue is, derived from messages and predictions in the same transaction that changes them, so that a list is one
-- range of an index. `shelf` is the leading intent, or `unknown`, or `new` while nothing was predicted.
CREATE TABLE conversation (
    id TEXT PRIMARY KEY NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    remote_id TEXT NOT NULL,
    remote_version TEXT NOT NULL,
    buyer_name BYTEA NOT NULL,
    buyer_remote_id TEXT,
    surface TEXT NOT NULL CHECK (surface IN ('direct', 'comment', 'email', 'unknown')),
    source_kind TEXT NOT NULL CHECK (source_kind IN ('video', 'live', 'ad', 'search', 'order_page', 'product_page', 'unknown')),
    source_ref TEXT,
    product_id TEXT,
    can_reply BOOLEAN NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'snoozed', 'done')),
    snoozed_until BIGINT CHECK ((snoozed_until IS NOT NULL) = (status = 'snoozed')),
    waiting_since BIGINT,
    last_message_at BIGINT NOT NULL,
    lead_message_id TEXT,
    outcome TEXT CHECK (outcome IN ('intent', 'unknown', 'non_text', 'unsupported_language', 'mixed')),
    intent TEXT,
    risk TEXT CHECK (risk IN ('normal', 'high', 'critical')),
    confidence DOUBLE PRECISION,
    lang TEXT,
    shelf TEXT NOT NULL,
    parent TEXT NOT NULL,
    rank BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    oldest_at BIGINT NOT NULL,
    UNIQUE (account_id, remote_id)
);
CREATE INDEX conversation_by_due ON conversation (status, rank, due_at, oldest_at, id);
CREATE INDEX conversation_by_shelf ON conversation (status, shelf, rank, due_at, oldest_at, id);
CREATE INDEX conversation_by_parent ON conversation (status, parent, rank, due_at, oldest_at, id);
CREATE INDEX conversation_by_snooze ON conversation (snoozed_until) WHERE snoozed_until IS NOT NULL;

-- One message as it came. `pending`: a buyer wrote it and nothing was predicted yet.
CREATE TABLE message (
    id TEXT PRIMARY KEY NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    remote_id TEXT NOT NULL,
    author TEXT NOT NULL CHECK (author IN ('customer', 'agent', 'automation', 'system')),
    kind TEXT NOT NULL CHECK (kind IN ('text', 'image', 'video', 'sticker', 'product_card', 'order_card', 'logistics_card', 'return_card', 'coupon_card', 'notice', 'other')),
    text BYTEA NOT NULL,
    unreadable BYTEA,
    text_key TEXT,
    order_id TEXT,
    product_id TEXT,
    sent_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    pending BOOLEAN NOT NULL,
    UNIQUE (account_id, remote_id)
);
CREATE INDEX message_by_conversation ON message (conversation_id, sent_at, id);
CREATE INDEX message_pending ON message (conversation_id, sent_at, id) WHERE pending;

-- A text's vector, once a model. `text_key` names the normalised text, not a message: equal texts share it.
CREATE TABLE vector (
    model TEXT NOT NULL,
    text_key TEXT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (model, text_key)
);

-- What was last said of a message, by the classifier or (`verdict`) by a person, whom no machine overrules.
CREATE TABLE prediction (
    message_id TEXT PRIMARY KEY NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    outcome TEXT NOT NULL CHECK (outcome IN ('intent', 'unknown', 'non_text', 'unsupported_language', 'mixed')),
    intent TEXT,
    risk TEXT NOT NULL CHECK (risk IN ('normal', 'high', 'critical')),
    confidence DOUBLE PRECISION NOT NULL,
    margin DOUBLE PRECISION NOT NULL,
    top TEXT NOT NULL,
    lang TEXT NOT NULL,
    model TEXT NOT NULL,
    verdict TEXT CHECK (verdict IN ('confirmed', 'corrected')),
    at BIGINT NOT NULL
);
CREATE INDEX prediction_unknown ON prediction (at, message_id) WHERE outcome = 'unknown' AND verdict IS NULL;

-- Texts that the user labelled. They outlive the message they came from.
CREATE TABLE example (
    id TEXT PRIMARY KEY NOT NULL,
    text BYTEA NOT NULL,
    text_key TEXT NOT NULL,
    lang TEXT NOT NULL,
    intent TEXT NOT NULL,
    message_id TEXT,
    at BIGINT NOT NULL
);

-- An unsent text. One a conversation; it goes only when it was queued or thrown away.
CREATE TABLE draft (
    conversation_id TEXT PRIMARY KEY NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    text BYTEA NOT NULL,
    template TEXT,
    lang TEXT,
    slots TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- A reply on its way out. A claimed row has the time of its claim; a sent one has the platform's id.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL,
    conversation_id TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    conversation_remote_id TEXT NOT NULL,
    text BYTEA NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('person', 'automation')),
    template TEXT,
    lang TEXT,
    state TEXT NOT NULL CHECK (state IN ('held', 'claimed', 'sent', 'delivered', 'read', 'failed_retryable', 'failed_final', 'unknown', 'cancelled')),
    send_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    platform_id TEXT,
    error BYTEA,
    created_at BIGINT NOT NULL,
    claimed_at BIGINT,
    CHECK (state NOT IN ('sent', 'delivered', 'read') OR platform_id IS NOT NULL),
    CHECK (state <> 'claimed' OR claimed_at IS NOT NULL),
    UNIQUE (account_id, platform_id)
);
CREATE INDEX outbox_by_state ON outbox (state, send_at);
CREATE INDEX outbox_by_conversation ON outbox (conversation_id, created_at, id);

-- An order as the platform last reported it. `fetched_at` is when we asked: facts have an age.
CREATE TABLE order_snapshot (
    conversation_id TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
    remote_id TEXT NOT NULL,
    buyer_remote_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('unpaid', 'on_hold', 'awaiting_shipment', 'partially_shipped', 'awaiting_collection', 'in_transit', 'delivered', 'completed', 'cancelled', 'unknown')),
    item BYTEA,
    total BYTEA,
    ship_by BIGINT,
    created_at BIGINT NOT NULL,
    carrier BYTEA,
    tracking_number BYTEA,
    last_event BYTEA,
    last_event_at BIGINT,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, remote_id)
);

-- How to take the last acts back. `inverse` is the engine's own JSON; an act is undone once.
CREATE TABLE undo (
    id TEXT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    conversation_id TEXT REFERENCES conversation (id) ON DELETE CASCADE,
    action TEXT NOT NULL,
    inverse TEXT NOT NULL,
    undone_at BIGINT
);

-- What happened, in order. Rows are only ever added; they outlive their conversation.
CREATE TABLE event (
    id TEXT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    conversation_id TEXT,
    detail TEXT
);
CREATE INDEX event_by_conversation ON event (conversation_id, at, id);
