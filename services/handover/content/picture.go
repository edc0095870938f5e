package content

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image/jpeg"
	"image/png"
)

const (
	pngMagic  = "\x89PNG\r\n\x1a\n"
	jpegMagic = "\xff\xd8\xff"

	// Whoever opens a picture needs memory for each pixel, however small the file is.
	mostSide   = 10_000
	mostPixels = 40_000_000
)

const (
	brokenPicture = "The picture is broken"
	hugePicture   = "The picture has too many pixels: at most 10,000 on a side, and 40 million"
)

func fits(width, height int) string {
	if width < 1 || height < 1 {
		return brokenPicture
	}
	if width > mostSide || height > mostSide || width*height > mostPixels {
		return hugePicture
	}
	return ""
}

// checkPNG goes from chunk to chunk to the end. No pixel is unpacked.
func checkPNG(file []byte) (kept []byte, complaint string) {
	size, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, brokenPicture
	}
	if complaint := fits(size.Width, size.Height); complaint != "" {
		return nil, complaint
	}
	drawn := false
	for at := len(pngMagic); len(file)-at >= 12; {
		length := int(binary.BigEndian.Uint32(file[at:]))
		if length > len(file)-at-12 {
			return nil, brokenPicture
		}
		chunk, sum := file[at+4:at+8+length], binary.BigEndian.Uint32(file[at+8+length:])
		if crc32.ChecksumIEEE(chunk) != sum {
			return nil, brokenPicture
		}
		at += 12 + length
		switch string(chunk[:4]) {
		case "IDAT":
			drawn = true
		case "IEND":
			if !drawn || length != 0 {
				return nil, brokenPicture
			}
			return file[:at], ""
		}
	}
	return nil, brokenPicture
}

// checkJPEG goes from marker to marker to the end. No pixel is unpacked.
func checkJPEG(file []byte) (kept []byte, complaint string) {
	size, err := jpeg.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, brokenPicture
	}
	if complaint := fits(size.Width, size.Height); complaint != "" {
		return nil, complaint
	}
	const (
		endOfImage  = 0xd9
		startOfScan = 0xda
	)
	drawn := false
	for at := 2; at+1 < len(file); {
		marker := file[at+1]
		switch {
		case file[at] != 0xff:
			return nil, brokenPicture
		case marker == 0xff: // padding
			at++
			continue
		case marker == endOfImage && drawn:
			return file[:at+2], ""
		case marker < 0xc0 || marker == endOfImage || marker >= 0xd0 && marker <= 0xd8 || at+4 > len(file):
			return nil, brokenPicture
		}
		length := int(binary.BigEndian.Uint16(file[at+2:]))
		if at += 2 + length; length < 2 || at > len(file) {
			return nil, brokenPicture
		}
		if marker == startOfScan {
			drawn = true
			at = afterScan(file, at)
		}
	}
	return nil, brokenPicture
}

// afterScan is where the drawn part that begins at a position ends: at the next marker that stands for itself.
func afterScan(file []byte, at int) int {
	for ; at+1 < len(file); at++ {
		if next := file[at+1]; file[at] == 0xff && next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7) {
			return at
		}
	}
	return len(file)
}
