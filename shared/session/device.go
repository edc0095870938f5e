package session

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// DeviceCookie is the name of the cookie that stays when a session ends: in this browser somebody has signed in before.
// It opens nothing. Only auth reads it.
const DeviceCookie = "device"

const (
	deviceLifetime = 365 * 24 * time.Hour
	deviceType     = "device+jwt"
)

// Device is a browser in which a user has signed in before.
type Device struct {
	ID         string
	UserID     string
	Generation int // of the user's sessions at that time, see Ended
}

// deviceClaims have no subject: whoever verifies sessions and knows nothing of types finds nobody in it.
type deviceClaims struct {
	Account    string `json:"account"`
	Generation int    `json:"gen,omitempty"`
	jwt.RegisteredClaims
}

// Remember marks the browser as one in which the user has signed in.
func (i *Issuer) Remember(w http.ResponseWriter, userID string, generation int) error {
	now := i.now()
	token, err := i.sign(deviceType, deviceClaims{Account: userID, Generation: generation, RegisteredClaims: jwt.RegisteredClaims{
		ID: rand.Text(), IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(deviceLifetime)),
	}})
	if err != nil {
		return fmt.Errorf("sign device: %w", err)
	}
	http.SetCookie(w, i.cookie(DeviceCookie, token, deviceLifetime))
	return nil
}

// Device returns the device that a request comes from, false when it is none that we know.
func (v *Verifier) Device(r *http.Request) (Device, bool) {
	var c deviceClaims
	if !v.read(cookieOf(r, DeviceCookie), deviceType, &c) || c.ID == "" || c.Account == "" {
		return Device{}, false
	}
	return Device{ID: c.ID, UserID: c.Account, Generation: c.Generation}, true
}
