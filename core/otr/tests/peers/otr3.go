// A peer that is otr3: commands in, what it does out, a line each, as in libotr.c. It cannot abort a comparison.
package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/twstrike/otr3"
)

type handler struct{}

var escape = strings.NewReplacer("\\", "\\\\", "\n", "\\n")
var unescape = strings.NewReplacer("\\\\", "\\", "\\n", "\n")

func say(kind, text string) { fmt.Printf("%s %s\n", kind, escape.Replace(text)) }

func (handler) HandleSMPEvent(event otr3.SMPEvent, percent int, question string) {
	names := map[otr3.SMPEvent]string{
		otr3.SMPEventAskForSecret: "smp_asked", otr3.SMPEventAskForAnswer: "smp_question " + question,
		otr3.SMPEventSuccess: "smp_equal", otr3.SMPEventFailure: "smp_different", otr3.SMPEventAbort: "smp_abort",
		otr3.SMPEventCheated: "smp_cheated",
	}
	if name, known := names[event]; known {
		say("N", name)
	}
}

func (handler) HandleSecurityEvent(event otr3.SecurityEvent) {
	names := map[otr3.SecurityEvent]string{
		otr3.GoneSecure: "secure", otr3.GoneInsecure: "finished", otr3.StillSecure: "still_secure",
	}
	say("N", names[event])
}

func (handler) HandleErrorMessage(code otr3.ErrorCode) []byte { return []byte("otr3 could not read that") }

// The key stays in the folder, so that a new process has it.
func key(folder string) *otr3.DSAPrivateKey {
	path, priv := filepath.Join(folder, "key"), &otr3.DSAPrivateKey{}
	if bytes, err := os.ReadFile(path); err == nil {
		priv.Parse(bytes)
		return priv
	}
	if err := priv.Generate(rand.Reader); err != nil {
		panic(err)
	}
	if err := os.WriteFile(path, priv.Serialize(), 0o600); err != nil {
		panic(err)
	}
	return priv
}

func main() {
	limit, _ := strconv.Atoi(os.Args[2])
	c := &otr3.Conversation{Rand: rand.Reader}
	c.Policies.AllowV3()
	c.Policies.ErrorStartAKE()
	c.Policies.WhitespaceStartAKE()
	c.SetOurKeys([]otr3.PrivateKey{key(os.Args[1])})
	c.SetFragmentSize(uint16(limit))
	c.SetSMPEventHandler(handler{})
	c.SetSecurityEventHandler(handler{})
	c.SetErrorMessageHandler(handler{})

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		kind, rest, _ := strings.Cut(unescape.Replace(lines.Text()), " ")
		var out []otr3.ValidMessage
		var err error
		switch kind {
		case "R":
			var plain otr3.MessagePlaintext
			plain, out, err = c.Receive(otr3.ValidMessage(rest))
			if len(plain) > 0 {
				say("T", string(plain))
			}
		case "M":
			out, err = c.Send(otr3.ValidMessage(rest))
		case "Q":
			say("S", string(c.QueryMessage()))
		case "D":
			out, err = c.End()
		case "A":
			out, err = c.StartAuthenticate("", []byte(rest))
		case "W":
			question, secret, _ := strings.Cut(rest, "\t")
			out, err = c.StartAuthenticate(question, []byte(secret))
		case "P":
			out, err = c.ProvideAuthenticationSecret([]byte(rest))
		case "K":
			_, out, err = c.UseExtraSymmetricKey(7, []byte("file"))
		case "L":
			limit, _ = strconv.Atoi(rest)
			c.SetFragmentSize(uint16(limit))
		default:
			err = errors.New("it has no such command")
		}
		for _, message := range out {
			say("S", string(message))
		}
		if err != nil {
			say("N", "error: "+err.Error())
		}
		fmt.Println(".")
	}
}
