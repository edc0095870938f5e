package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	encoding "encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A pki is a folder of certificates, keys and kubeconfigs. All of it is made for one cluster and goes with it.
type pki struct {
	dir    string
	server string // the API server's address, for the kubeconfigs
}

// authority makes an authority of its own: <name>.crt and <name>.key.
func (p pki) authority(name string) error {
	return p.sign(name, "", &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	})
}

// certificate makes one for somebody, signed by an authority of this folder. hosts are names and addresses that it serves.
func (p pki) certificate(file, authority, user, group string, hosts ...string) error {
	c := &x509.Certificate{
		Subject:     pkix.Name{CommonName: user},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if group != "" {
		c.Subject.Organization = []string{group}
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, host)
		}
	}
	return p.sign(file, authority, c)
}

// sign writes a certificate and its key; without an authority it signs itself.
func (p pki) sign(name, authority string, c *x509.Certificate) error {
	var err error
	if c.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return err
	}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	parent, signer := c, key
	if authority != "" {
		if parent, signer, err = p.read(authority); err != nil {
			return err
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	for ext, block := range map[string]*pem.Block{
		"crt": {Type: "CERTIFICATE", Bytes: der}, "key": {Type: "EC PRIVATE KEY", Bytes: private}, "pub": {Type: "PUBLIC KEY", Bytes: public},
	} {
		if err := os.WriteFile(p.file(name+"."+ext), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p pki) read(name string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	var der [2][]byte
	for i, ext := range []string{".crt", ".key"} {
		text, err := os.ReadFile(p.file(name + ext))
		if err != nil {
			return nil, nil, err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, nil, fmt.Errorf("%s%s is no PEM", name, ext)
		}
		der[i] = block.Bytes
	}
	c, err := x509.ParseCertificate(der[0])
	if err != nil {
		return nil, nil, err
	}
	key, err := x509.ParseECPrivateKey(der[1])
	return c, key, err
}

func (p pki) file(name string) string { return filepath.Join(p.dir, name) }

// everybody makes what the parts of a cluster show each other. hosts are the API server's names and addresses.
func (p pki) everybody(node, nodeIP string, hosts ...string) error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"ca", "front-proxy-ca", "service-accounts"} {
		if err := p.authority(name); err != nil {
			return err
		}
	}
	if err := p.certificate("apiserver", "ca", "kube-apiserver", "", hosts...); err != nil {
		return err
	}
	if err := p.certificate("front-proxy", "front-proxy-ca", "front-proxy", ""); err != nil {
		return err
	}
	for _, who := range []struct{ file, user, group string }{
		{"admin", "admin", "system:masters"},
		{"to-kubelet", "to-kubelet", "system:masters"},
		{"controller-manager", "system:kube-controller-manager", ""},
		{"scheduler", "system:kube-scheduler", ""},
		{"kube-proxy", "system:kube-proxy", ""},
		{"kubelet", "system:node:" + node, "system:nodes"},
	} {
		if err := p.certificate(who.file, "ca", who.user, who.group, node, nodeIP); err != nil {
			return err
		}
		if err := p.kubeconfig(who.file); err != nil {
			return err
		}
	}
	return nil
}

// kubeconfig writes <name>.conf, by which somebody with a certificate of this folder finds the API server. It holds them, so it
// may be copied elsewhere.
func (p pki) kubeconfig(name string) error {
	var text bytes.Buffer
	var data [3][]byte
	for i, file := range []string{"ca.crt", name + ".crt", name + ".key"} {
		var err error
		if data[i], err = os.ReadFile(p.file(file)); err != nil {
			return err
		}
	}
	fmt.Fprintf(&text, `{"apiVersion":"v1","kind":"Config","current-context":"c",
"clusters":[{"name":"c","cluster":{"server":%q,"certificate-authority-data":"%s"}}],
"users":[{"name":"u","user":{"client-certificate-data":"%s","client-key-data":"%s"}}],
"contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}]}
`, p.server, b64.EncodeToString(data[0]), b64.EncodeToString(data[1]), b64.EncodeToString(data[2]))
	return os.WriteFile(p.file(name+".conf"), text.Bytes(), 0o600)
}

var b64 = encoding.StdEncoding
