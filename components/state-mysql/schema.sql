-- What the component would create by itself, but for two things: sidecars that start together race to create it, and those
-- that lose do not start; and it would take the server's collation, by which keys that differ only in case are one key.
CREATE DATABASE IF NOT EXISTS marketplace CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS marketplace.state (
  id VARCHAR(255) NOT NULL PRIMARY KEY,
  value JSON NOT NULL,
  isbinary BOOLEAN NOT NULL,
  insertDate TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updateDate TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  eTag VARCHAR(36) NOT NULL,
  expiredate TIMESTAMP NULL,
  row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  INDEX expiredate_idx(expiredate),
  UNIQUE KEY row_id_uidx (row_id)
);
CREATE TABLE IF NOT EXISTS marketplace.dapr_metadata (id VARCHAR(255) NOT NULL PRIMARY KEY, value TEXT NOT NULL);
