package org.flashpaper

import java.io.File
import java.net.Socket

/** The lab that `cargo xtask test` keeps up: a private Tor network and an XMPP server. */
public object Lab {
    /** Its facts, which are also the private network's description. */
    public val facts: String =
        File(checkNotNull(System.getenv("FLASHPAPER_LAB")) { "no lab: run this by cargo xtask test" }).readText()

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

    private fun order(order: String) {
        val (host, port) = fact("control").split(":")
        Socket(host, port.toInt()).use { socket ->
            socket.getOutputStream().write("$order\n".toByteArray())
            val answer = socket.getInputStream().bufferedReader().readLine()
            check(answer == "ok") { "the lab: $answer" }
        }
    }

    private fun fact(name: String): String =
        checkNotNull(Regex("\"$name\":\"([^\"]*)\"").find(facts)) { "no fact $name" }.groupValues[1]
}
