package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

const (
	user     = "65532:65532" // nobody in particular; base/every-service.yaml names the same
	sbomType = "application/vnd.cyclonedx+json"
)

// epoch is when everything in an image was made, so that it does not matter when it really was.
var epoch = time.Unix(0, 0).UTC()

// assemble makes a program's image for each platform.
func assemble(ctx context.Context, root string, p program, platforms []string) (made, error) {
	m := made{name: p.name, index: mutate.IndexMediaType(empty.Index, types.OCIImageIndex)}
	for _, platform := range platforms {
		binary, err := compile(ctx, root, p, platform)
		if err != nil {
			return m, err
		}
		image, err := imageOf(p.name, platform, binary)
		if err != nil {
			return m, err
		}
		list, err := sbom(p.name, binary)
		if err != nil {
			return m, err
		}
		artifact, err := about(image, list)
		if err != nil {
			return m, err
		}
		system, processor, _ := strings.Cut(platform, "/")
		m.sboms = append(m.sboms, artifact)
		m.index = mutate.AppendManifests(m.index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{
			MediaType: types.OCIManifestSchema1,
			Platform:  &v1.Platform{OS: system, Architecture: processor},
		}})
	}
	return m, nil
}

// imageOf is the image of one program: two layers, of which the first is the same in every image.
func imageOf(name, platform string, binary []byte) (v1.Image, error) {
	system, processor, _ := strings.Cut(platform, "/")
	base, err := layer(
		file{name: "etc/passwd", text: []byte("nonroot:x:65532:65532:nonroot:/:/nologin\n")},
		file{name: "etc/ssl/certs/ca-certificates.crt", text: authorities()},
	)
	if err != nil {
		return nil, err
	}
	top, err := layer(file{name: name, text: binary, mode: 0o755})
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.AppendLayers(image, base, top)
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(image, &v1.ConfigFile{
		Architecture: processor,
		OS:           system,
		Created:      v1.Time{Time: epoch},
		RootFS:       rootOf(image),
		Config: v1.Config{
			User:       user,
			WorkingDir: "/",
			Entrypoint: []string{"/" + name},
			Labels:     map[string]string{"org.opencontainers.image.title": "marketplace " + name},
		},
	})
}

func rootOf(image v1.Image) v1.RootFS {
	config, err := image.ConfigFile()
	if err != nil {
		panic(err) // made a moment ago
	}
	return config.RootFS
}

// file is a file in an image, root's and read-only.
type file struct {
	name string
	text []byte
	mode int64
}

// layer packs files, and the folders they are in, in the order given.
func layer(files ...file) (v1.Layer, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	seen := map[string]bool{}
	for _, f := range files {
		parts := strings.Split(f.name, "/")
		for i := 1; i < len(parts); i++ {
			folder := strings.Join(parts[:i], "/") + "/"
			if seen[folder] {
				continue
			}
			seen[folder] = true
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755, ModTime: epoch}); err != nil {
				return nil, err
			}
		}
		if f.mode == 0 {
			f.mode = 0o644
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.text)), ModTime: epoch}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.text); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer))
}

// authorities are the certificate authorities that Mozilla trusts, from a Go module and so pinned like any other.
// Those that Mozilla trusts only for some certificates are left out: a file cannot say for which.
func authorities() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
		}
	}
	return out.Bytes()
}

// about attaches a list of parts to an image: an artifact that names it as its subject.
func about(image v1.Image, list []byte) (v1.Image, error) {
	subject, err := partial.Descriptor(image)
	if err != nil {
		return nil, err
	}
	artifact := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), sbomType)
	artifact, err = mutate.AppendLayers(artifact, static.NewLayer(list, sbomType))
	if err != nil {
		return nil, err
	}
	attached, ok := mutate.Subject(artifact, *subject).(v1.Image)
	if !ok {
		return nil, fmt.Errorf("no image: %T", attached)
	}
	return attached, nil
}
