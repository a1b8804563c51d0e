#!/bin/sh
# Knocks at a rule whose sequence is totp, with bases = 20000, 40000, with oathtool and nc: totp.sh HOST SECRETFILE
code=$(oathtool --totp --digits 8 --base32 - <"$2"); for port in $((1${code%????} + 10000)) $((1${code#????} + 30000)); do ${KNOCK:-nc -z -w 1} "$1" "$port" || :; done
