# What most guides end with: a program on port 8000 as a service, and a site of nginx's with a certificate of certbot's.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get install -qy --no-install-recommends nginx openssl >/dev/null
mkdir -p /var/www/shop/uploads "/etc/letsencrypt/live/$DOMAIN"
echo '{"version": "old"}' >/var/www/shop/version
echo 'a picture' >/var/www/shop/uploads/picture
chown -R www-data: /var/www/shop
cd "/etc/letsencrypt/live/$DOMAIN"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj "/CN=$DOMAIN" \
  -addext "subjectAltName=DNS:$DOMAIN" -keyout privkey.pem -out fullchain.pem 2>/dev/null
cat >/etc/systemd/system/shop.service <<UNIT
[Service]
User=www-data
WorkingDirectory=/var/www/shop
ExecStart=/usr/bin/python3 -m http.server 8000
[Install]
WantedBy=multi-user.target
UNIT
cat >/etc/nginx/sites-available/shop <<SITE
server {
    listen 80;
    server_name $DOMAIN;
    return 301 https://\$server_name\$request_uri;
}
server {
    listen 443 ssl http2;
    server_name $DOMAIN;
    ssl_certificate /etc/letsencrypt/live/$DOMAIN/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/$DOMAIN/privkey.pem;
    location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_http_version 1.1;
        proxy_set_header Host \$host;
    }
}
SITE
ln -sf ../sites-available/shop /etc/nginx/sites-enabled/shop
systemctl daemon-reload
systemctl enable --quiet --now shop
systemctl restart nginx
