-- Who claimed a reply: a process, in the words of src/store/claimant.rs. When it is gone, nobody has to wait until its
-- claim is old. Unset where the process cannot say who it is, and in claims from before this column.
ALTER TABLE outbox ADD COLUMN claimed_by TEXT;
