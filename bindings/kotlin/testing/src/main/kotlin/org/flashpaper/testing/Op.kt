package org.flashpaper.testing

import org.flashpaper.Burner
import org.flashpaper.Chat
import org.flashpaper.Creation
import org.flashpaper.Flashpaper

/** A call that a test can have fail: of a [Flashpaper], a [Creation], a [Burner] or a [Chat]. */
public enum class Op {
    /** [Flashpaper.startTor]. */
    START_TOR,
    /** [Flashpaper.stopTor]. */
    STOP_TOR,
    /** [Flashpaper.create]. */
    CREATE,
    /** [Flashpaper.checkOptions]. */
    CHECK_OPTIONS,
    /** [Flashpaper.restore]. */
    RESTORE,
    /** [Burner.burn] and [Flashpaper.burn]. */
    BURN,
    /** [Flashpaper.burnAll]. */
    BURN_ALL,
    /** [Flashpaper.pendingRemovals]. */
    PENDING_REMOVALS,
    /** [Flashpaper.redeem]. */
    REDEEM,
    /** [Flashpaper.suspend]. */
    SUSPEND,
    /** [Flashpaper.resume]. */
    RESUME,
    /** [Flashpaper.sync]. */
    SYNC,
    /** [Flashpaper.lock]. */
    LOCK,
    /** [Flashpaper.setAutoLock]. */
    SET_AUTO_LOCK,
    /** [Flashpaper.changeKey]. */
    CHANGE_KEY,
    /** [Flashpaper.setDuress]. */
    SET_DURESS,
    /** [Flashpaper.updateDirectory]. */
    UPDATE_DIRECTORY,
    /** [Flashpaper.setOwnServers]. */
    SET_OWN_SERVERS,
    /** [Creation.answer]. */
    ANSWER_QUESTION,
    /** [Burner.connect]. */
    CONNECT,
    /** [Burner.disconnect]. */
    DISCONNECT,
    /** [Burner.add]. */
    ADD,
    /** [Burner.expectKey]. */
    EXPECT_KEY,
    /** [Burner.messages] and [Chat.before]. */
    MESSAGES,
    /** [Burner.link]. */
    LINK,
    /** [Burner.fingerprint]. */
    FINGERPRINT,
    /** [Burner.setHistory]. */
    SET_HISTORY,
    /** [Burner.setExpiry]. */
    SET_EXPIRY,
    /** [Burner.setIdleTimeout]. */
    SET_IDLE_TIMEOUT,
    /** [Burner.setVersion2]. */
    SET_VERSION_2,
    /** [Burner.importFingerprints]. */
    IMPORT_FINGERPRINTS,
    /** [Burner.wordsLeft]. */
    WORDS_LEFT,
    /** [Burner.recoveryWords]. */
    RECOVERY_WORDS,
    /** [Burner.dropRecoveryWords]. */
    DROP_RECOVERY_WORDS,
    /** [Burner.wipe]. */
    WIPE,
    /** [Chat.message]. */
    MESSAGE,
    /** [Chat.send]. */
    SEND,
    /** [Chat.retry]. */
    RETRY,
    /** [Chat.delete]. */
    DELETE,
    /** [Chat.read]. */
    READ,
    /** [Chat.taken]. */
    TAKEN,
    /** [Chat.accept]. */
    ACCEPT,
    /** [Chat.setBlocked]. */
    SET_BLOCKED,
    /** [Burner.setLabel] and [Chat.setLabel]. */
    SET_LABEL,
    /** [Chat.setTimer]. */
    SET_TIMER,
    /** [Chat.startPrivate]. */
    START_PRIVATE,
    /** [Chat.endPrivate]. */
    END_PRIVATE,
    /** [Chat.acceptKey]. */
    ACCEPT_KEY,
    /** [Chat.setVerified]. */
    SET_VERIFIED,
    /** [Chat.compare]. */
    COMPARE,
    /** [Chat.answer]. */
    ANSWER,
    /** [Chat.abortComparison]. */
    ABORT_COMPARISON,
}
