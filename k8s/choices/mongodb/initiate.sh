#!/bin/sh
# Makes the three servers a replica set and creates its users, once, from the first pod. MongoDB lets the first user be
# created without a password by whoever comes over loopback; this runs in the pod for that reason. It stays asleep
# afterwards, and does nothing where it has been done.
set -u
trap 'exit 0' TERM INT

rest() { sleep 86400 & wait $!; }
here() { mongosh --quiet --norc "$@"; }
admin() { here -u admin -p "$ADMIN_PASSWORD" --authenticationDatabase admin "$@"; }

if [ "$POD_NAME" != mongodb-0 ]; then
  while :; do rest; done
fi

until here --eval 'quit(db.hello().ok ? 0 : 1)' >/dev/null 2>&1; do sleep 2; done

if ! admin --eval 'quit(0)' >/dev/null 2>&1; then
  here --eval '
    const host = i => `mongodb-${i}.mongodb.${process.env.NAMESPACE}.svc.cluster.local:27017`;
    const members = [0, 1, 2].map(i => ({_id: i, host: host(i), priority: i === 0 ? 2 : 1}));
    try { rs.initiate({_id: "rs0", members}) } catch (e) { print(e.codeName) }'
  until here --eval 'quit(db.hello().isWritablePrimary ? 0 : 1)' >/dev/null 2>&1; do sleep 2; done
  here --eval '
    db.getSiblingDB("admin").createUser({user: "admin", pwd: process.env.ADMIN_PASSWORD, roles: ["root"]})' || exit 1
fi

# The services get their own database and nothing else.
until admin --eval '
  const market = db.getSiblingDB("marketplace");
  const user = {pwd: process.env.PASSWORD, roles: [{role: "readWrite", db: "marketplace"}]};
  if (market.getUser("marketplace")) market.updateUser("marketplace", user);
  else market.createUser({user: "marketplace", ...user})' >/dev/null 2>&1; do
  # Another member is the primary by now. It has been done then, or will be when this one is primary again.
  if admin --eval 'quit(db.getSiblingDB("marketplace").getUser("marketplace") ? 0 : 1)' >/dev/null 2>&1; then break; fi
  sleep 5
done
echo "the replica set is there"
while :; do rest; done
