#!/bin/sh
# Makes an authority and a certificate of localhost, for tests only. Needs openssl 3.
set -eu
cd "$(dirname "$0")"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 \
  -subj "/CN=understudy test authority" -keyout authority.key -out authority.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
  -keyout localhost.key -out localhost.csr
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > localhost.ext
openssl x509 -req -in localhost.csr -CA authority.pem -CAkey authority.key -days 36500 \
  -extfile localhost.ext -out localhost.pem
rm authority.key localhost.csr localhost.ext
