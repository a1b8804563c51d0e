#!/bin/sh
# Knocks at a rule whose sequence is hmac, with openssl, base32 and nc: hmac.sh HOST SECRETFILE HOST_ID RULE USER [KNOCKS LOW HIGH [ADDRESS]]
# ADDRESS: ours as the server sees it, if the rule has bind_address. While this runs, ps shows the key to other users of this machine.
host=$1 host_id=$3 rule=$4 user=$5 knocks=${6:-5} low=${7:-10000} high=${8:-59999} address=$9
secret=$(tr -d ' \n=-' <"$2" | tr a-z A-Z)
while [ $((${#secret} % 8)) -ne 0 ]; do secret=$secret=; done
key=$(printf %s "$secret" | base32 -d | od -An -v -tx1 | tr -d ' \n')
time_step=${TIME_STEP:-$(($(date +%s) / 30))} width=$((high - low + 1)) block='' count=0 ports=' '
netstring() { printf '%d:%s,' "$(printf %s "$1" | wc -c)" "$1"; }
message() { for field in knocktail-v1 "$host_id" "$rule" "$user" "$time_step" "$address" $block; do netstring "$field"; done; }
while [ "$count" -lt "$knocks" ]; do
  for word in $(message | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -r | cut -c 1-64 | fold -w 4); do
    port=$((low + 0x$word % width))
    [ $((0x$word)) -lt $((65536 / width * width)) ] && [ "$count" -lt "$knocks" ] || continue
    case $ports in *" $port "*) ;; *) ports="$ports$port " count=$((count + 1)) ;; esac
  done
  block=$((${block:-1} + 1))
done
for port in $ports; do ${KNOCK:-nc -z -w 1} "$host" "$port" || :; done
