package org.flashpaper

import java.io.File
import java.net.Socket
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeout

/** The lab that `cargo xtask test` keeps up: a private Tor network and an XMPP server. */
public object Lab {
    /** Its facts, which are also the private network's description. */
    public val facts: String = read()

    /** The facts with another directory of servers: of each domain whether it lets one register, `yes` or `captcha`. */
    public fun facts(servers: Map<String, String>): String {
        val entries = servers.map { (domain, kind) -> """{"domain":"$domain","onion":"","in_band_registration":"$kind"}""" }
        val others = Regex("\"servers\":\\[[^]]*]").replace(facts, "\"servers\":$entries")
        check(others != facts) { "no servers in the facts" }
        return others
    }

    /** Starts the lab's bridge, if it does not run; its line. */
    public fun bridge(): String {
        order("start bridge")
        return fact("bridge", read())
    }

    /** The accounts that exist at the server, as their files. */
    public fun accounts(): Set<File> = File(fact("accounts")).walk().filter { it.parentFile.name == "accounts" }.toSet()

    /** Has a part of the lab stopped for as long as [block] runs. */
    public suspend fun without(part: String, block: suspend () -> Unit) {
        order("stop $part")
        try {
            block()
        } finally {
            order("start $part")
        }
    }

    /** Somebody to talk to, with an account of their own. */
    public fun peer(): LabPeer = LabPeer(order("otr libotr"))

    /** Another client of the same account, with another key; the first one goes offline. */
    public fun peer(insteadOf: LabPeer): LabPeer = LabPeer(order("otr libotr ${insteadOf.jid} ${insteadOf.leave()}"))

    /** A line to the lab's control port; gives what it answers. */
    public fun order(order: String): String {
        val (host, port) = fact("control").split(":")
        return Socket(host, port.toInt()).use { socket ->
            socket.getOutputStream().write("$order\n".toByteArray())
            val answer = socket.getInputStream().bufferedReader().readLine()
            check(answer == "ok" || answer.startsWith("ok ")) { "the lab: $answer" }
            answer.removePrefix("ok").trimStart()
        }
    }

    private fun read(): String =
        File(checkNotNull(System.getenv("FLASHPAPER_LAB")) { "no lab: run this by cargo xtask test" }).readText()

    private fun fact(name: String, facts: String = this.facts): String =
        checkNotNull(Regex("\"$name\":\"([^\"]*)\"").find(facts)) { "no fact $name" }.groupValues[1]
}

/** Another XMPP client with the real libotr, outside of Tor. What it does is in the lab's `otr_peer.py`. */
public class LabPeer internal constructor(private val fullJid: String) {
    private var events = ""

    /** Its bare JID. */
    public val jid: String = fullJid.substringBefore('/')

    /** Has it do something. */
    public fun does(command: String) {
        Lab.order("otr-say $fullJid $command")
    }

    /** All that happened at it so far, as lists of JSON. */
    public fun seen(): String {
        events += Lab.order("otr-lines $fullJid")
        return events
    }

    /** Waits until it has read a text that came encrypted. Asked in the order in which things happen. */
    public suspend fun hears(text: String): Unit = until(""""text":"$text","private":true""")

    /** Waits for an event, with these words in it. */
    public suspend fun tells(event: String, words: String = ""): Unit = until(""""event":"$event"""", words)

    /** Removes its account. */
    public fun end() {
        Lab.order("otr-end $fullJid")
    }

    /** Goes offline, and gives its password. */
    internal fun leave(): String {
        // It tells it whenever it logs in, but for the first time.
        listOf("offline", "online", "offline").forEach(::does)
        return checkNotNull(Regex("\"password\":\"([^\"]*)\"").find(seen())) { "no password" }.groupValues[1]
    }

    private suspend fun until(event: String, words: String = "") {
        try {
            withTimeout(300.seconds) {
                while (true) {
                    val at = seen().indexOf(event)
                    if (at >= 0 && events.indexOf(words, at) >= 0) break
                    delay(100)
                }
            }
        } catch (_: TimeoutCancellationException) {
            error("no $event at the peer, but $events")
        }
    }
}
