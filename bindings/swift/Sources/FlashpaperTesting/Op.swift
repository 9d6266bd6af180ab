/// A call that a test can have fail: of the library, a burner or a chat. Each has the name of its call.
public enum Op: Hashable, Sendable, CaseIterable {
    /// Of the library.
    case startTor, stopTor, create, checkOptions, restore, burn, burnAll, pendingRemovals, redeem, suspend, resume, sync, lock
    /// Of the library.
    case setAutoLock, changeKey, setDuress, updateDirectory, setOwnServers
    /// ``Creation/answer(_:_:)``.
    case answerQuestion
    /// Of a burner; `messages` is ``Chat/before(_:limit:)``, too.
    case connect, disconnect, add, expectKey, messages, link, fingerprint, setHistory, setExpiry, setIdleTimeout, setVersion2
    /// Of a burner.
    case importFingerprints, wordsLeft, recoveryWords, dropRecoveryWords, wipe
    /// Of a chat; `setLabel` is a burner's, too.
    case message, send, retry, delete, read, taken, accept, setBlocked, setLabel, setTimer, startPrivate, endPrivate
    /// Of a chat.
    case acceptKey, setVerified, compare, answer, abortComparison
}
