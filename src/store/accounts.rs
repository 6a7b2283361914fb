//! Connected accounts, and how far the walk over their conversations got.

use super::rows::{AccountRow, bytes, key, ms, plain, unplain};
use super::{Store, StoreError, reading, writing};
use crate::domain::{Account, AccountId, Cursor};

impl Store {
    /// Stores an account. Where the platform's account is there already, its name, host and our id are kept up: the
    /// returned account is the stored one.
    pub async fn add_account(&self, account: &Account) -> Result<Account, StoreError> {
        let row: AccountRow = writing!(self, conn => sqlx::query_as(
            "INSERT INTO account (id, kind, name, remote_id, base_url, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (kind, remote_id) DO UPDATE SET name = excluded.name, base_url = excluded.base_url \
             RETURNING id, kind, name, remote_id, base_url, created_at")
            .bind(account.id.as_str())
            .bind(account.kind.as_str())
            .bind(bytes(&account.name))
            .bind(key(&account.remote_id))
            .bind(account.base_url.as_deref())
            .bind(ms(account.created_at))
            .fetch_one(&mut *conn)
            .await?);
        row.read()
    }

    /// All accounts, the oldest first.
    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let rows: Vec<AccountRow> = reading!(self, conn => sqlx::query_as(
            "SELECT id, kind, name, remote_id, base_url, created_at FROM account ORDER BY created_at, id")
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter().map(AccountRow::read).collect()
    }

    pub async fn account(&self, id: &AccountId) -> Result<Account, StoreError> {
        let row: Option<AccountRow> = reading!(self, conn => sqlx::query_as(
            "SELECT id, kind, name, remote_id, base_url, created_at FROM account WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut *conn)
            .await?);
        row.ok_or_else(|| missing(id))?.read()
    }

    /// Removes an account with its conversations, messages and replies. Events and labelled examples stay.
    pub async fn remove_account(&self, id: &AccountId) -> Result<(), StoreError> {
        let removed: Option<(String,)> = writing!(self, conn => sqlx::query_as(
            "DELETE FROM account WHERE id = $1 RETURNING id")
            .bind(id.as_str())
            .fetch_optional(&mut *conn)
            .await?);
        removed.map(|_| ()).ok_or_else(|| missing(id))
    }

    /// The channel's cursor of the whole account, where it keeps one.
    pub async fn cursor(&self, account: &AccountId) -> Result<Option<Cursor>, StoreError> {
        let row: Option<(String,)> = reading!(self, conn => sqlx::query_as(
            "SELECT value FROM cursor WHERE account_id = $1")
            .bind(account.as_str())
            .fetch_optional(&mut *conn)
            .await?);
        Ok(row
            .map(|(value,)| Cursor(unplain(value)))
            .filter(|cursor| !cursor.0.is_empty()))
    }

    pub async fn set_cursor(&self, account: &AccountId, cursor: &Cursor) -> Result<(), StoreError> {
        writing!(self, conn => { sqlx::query(
            "INSERT INTO cursor (account_id, value, settled) VALUES ($1, $2, FALSE) \
             ON CONFLICT (account_id) DO UPDATE SET value = excluded.value")
            .bind(account.as_str())
            .bind(plain(&cursor.0))
            .execute(&mut *conn)
            .await?; });
        Ok(())
    }

    /// Whether the last walk over the account's conversations reached what was known before it: only then may the next
    /// walk stop at the first conversation that did not change.
    pub async fn settled(&self, account: &AccountId) -> Result<bool, StoreError> {
        let row: Option<(bool,)> = reading!(self, conn => sqlx::query_as(
            "SELECT settled FROM cursor WHERE account_id = $1")
            .bind(account.as_str())
            .fetch_optional(&mut *conn)
            .await?);
        Ok(row.is_some_and(|(settled,)| settled))
    }

    /// False when a walk begins, true when it has reached its end.
    pub async fn set_settled(&self, account: &AccountId, settled: bool) -> Result<(), StoreError> {
        writing!(self, conn => { sqlx::query(
            "INSERT INTO cursor (account_id, value, settled) VALUES ($1, '', $2) \
             ON CONFLICT (account_id) DO UPDATE SET settled = excluded.settled")
            .bind(account.as_str())
            .bind(settled)
            .execute(&mut *conn)
            .await?; });
        Ok(())
    }
}

fn missing(id: &AccountId) -> StoreError {
    StoreError::NotFound {
        what: format!("account {id}"),
    }
}
