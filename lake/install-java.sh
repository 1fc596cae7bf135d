#!/bin/sh
# Spark 4 runs on Java 17 or 21; everything else of it comes with the wheel.
set -eu
version=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' || true)
case "$version" in
    17 | 21) exit 0 ;;
esac
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null
else
    echo "Spark needs Java 17 or 21: install it (Debian and Ubuntu: sudo apt-get install openjdk-17-jre-headless)." >&2
    exit 1
fi
