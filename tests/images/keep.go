package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// save writes all images into one OCI layout and puts it in the place of the last one when it is complete.
func save(folder, tag string, all []made) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(folder), "images-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := os.Chmod(fresh, 0o755); err != nil {
		return err
	}
	path, err := layout.Write(fresh, empty.Index)
	if err != nil {
		return err
	}
	for _, m := range all {
		full := "docker.io/marketplace/" + m.name + ":" + tag // as container runtimes write out what k8s/ calls marketplace/...
		if err := path.AppendIndex(m.index, layout.WithAnnotations(map[string]string{
			"org.opencontainers.image.ref.name": full, "io.containerd.image.name": full,
		})); err != nil {
			return err
		}
		for _, list := range m.sboms {
			if err := path.AppendImage(list); err != nil {
				return err
			}
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.Rename(fresh, folder)
}

// push writes an image and its lists of parts to a registry, with the credentials of `docker login` if there are any.
func push(ctx context.Context, registry, tag string, m made) error {
	repository, err := name.NewRepository(registry + "/" + m.name)
	if err != nil {
		return err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	if err := remote.WriteIndex(repository.Tag(tag), m.index, options...); err != nil {
		return err
	}
	for _, list := range m.sboms {
		digest, err := list.Digest()
		if err != nil {
			return err
		}
		if err := remote.Write(repository.Digest(digest.String()), list, options...); err != nil {
			return err
		}
	}
	return nil
}
