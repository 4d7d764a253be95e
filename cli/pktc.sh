#!/bin/sh
# What the command `pktc` is, from a package or (through ./pktc) from a checkout: Node with launcher.cjs, and in V8 as many threads as
# there are processors to spare (cli/node-options.ts). Its usual four take turns with the command itself where there are two.
if ! command -v node > /dev/null; then
	echo 'error: pktc needs Node 20.19 or newer, and there is no `node` on the PATH' >&2
	echo '  = help: install it from https://nodejs.org/en/download, or add its folder to PATH (sudo has one of its own)' >&2
	exit 1
fi
# With it Node would read all certificates first, 30 ms, for connections that pktc never makes. launcher.cjs gives it back: npm may need it.
if [ -n "$NODE_EXTRA_CA_CERTS" ]; then
	export PKTC_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"
	unset NODE_EXTRA_CA_CERTS
fi
self=$(readlink -f "$0")
exec node --v8-pool-size=0 "${self%/*}/launcher.cjs" "$@"
