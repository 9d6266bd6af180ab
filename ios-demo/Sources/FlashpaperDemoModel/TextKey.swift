/// The name of each of the app's words: its raw value is its key in the string catalogue.
public enum TextKey: String, Equatable, Sendable, CaseIterable {
    case appName = "app_name"

    // Words of many screens
    case back, cancel, close, copy, delete, dismiss, more, panic, remove, save, retry, settings, share, unread,
        copied, burnerSpeaks = "burner_speaks", burnerSpoke = "burner_spoke",
        lastingPrivateNetwork = "lasting_private_network", lastingLost = "lasting_lost",
        lastingIncomplete = "lasting_incomplete", lastingOldKey = "lasting_old_key"

    // Start
    case startTitle = "start_title", startIntro = "start_intro", startEntrance = "start_entrance",
        startDirect = "start_direct", startDirectExplanation = "start_direct_explanation",
        startBridges = "start_bridges", startBridgesExplanation = "start_bridges_explanation",
        startBridgesField = "start_bridges_field", startBridgesMissing = "start_bridges_missing",
        startBridgesFault = "start_bridges_fault", startBridgesTransport = "start_bridges_transport",
        startMake = "start_make", startConnect = "start_connect", startBusy = "start_busy", startLook = "start_look",
        startRestore = "start_restore", startNothingYet = "start_nothing_yet"

    // Tor
    case torOff = "tor_off", torConnecting = "tor_connecting", torDirectory = "tor_directory",
        torReady = "tor_ready", torStopped = "tor_stopped", torBlocked = "tor_blocked"

    // Problems: a title says what happened, an advice says what to do
    case problemOffline = "problem_offline", problemOfflineAdvice = "problem_offline_advice",
        problemTorBlocked = "problem_tor_blocked", problemTorBlockedAdvice = "problem_tor_blocked_advice",
        problemClock = "problem_clock", problemClockAdvice = "problem_clock_advice",
        problemClockSlow = "problem_clock_slow", problemClockFast = "problem_clock_fast",
        problemObsolete = "problem_obsolete", problemObsoleteAdvice = "problem_obsolete_advice",
        problemServerAway = "problem_server_away", problemServerAwayAdvice = "problem_server_away_advice",
        problemServerRefused = "problem_server_refused",
        problemServerRefusedAdvice = "problem_server_refused_advice", problemServerUnsafe = "problem_server_unsafe",
        problemServerUnsafeAdvice = "problem_server_unsafe_advice", problemQuarantined = "problem_quarantined",
        problemQuarantinedAdvice = "problem_quarantined_advice", problemWeb = "problem_web",
        problemWebAdvice = "problem_web_advice", problemWait = "problem_wait",
        problemWaitAdvice = "problem_wait_advice", problemWaitMinutes = "problem_wait_minutes",
        problemBadAnswer = "problem_bad_answer", problemBadAnswerAdvice = "problem_bad_answer_advice",
        problemDeclined = "problem_declined", problemDeclinedAdvice = "problem_declined_advice",
        problemLogin = "problem_login", problemLoginAdvice = "problem_login_advice", problemGone = "problem_gone",
        problemGoneAdvice = "problem_gone_advice", problemUnreadable = "problem_unreadable",
        problemUnreadableAdvice = "problem_unreadable_advice", problemLocked = "problem_locked",
        problemLockedAdvice = "problem_locked_advice", problemPassphrase = "problem_passphrase",
        problemKeyDenied = "problem_key_denied", problemKeyDeniedAdvice = "problem_key_denied_advice",
        problemKeyLost = "problem_key_lost", problemKeyLostAdvice = "problem_key_lost_advice",
        problemDamaged = "problem_damaged", problemDamagedAdvice = "problem_damaged_advice",
        problemFull = "problem_full", problemFullAdvice = "problem_full_advice", problemInUse = "problem_in_use",
        problemInUseAdvice = "problem_in_use_advice", problemTimeout = "problem_timeout",
        problemTimeoutAdvice = "problem_timeout_advice", problemInput = "problem_input",
        problemInputAdvice = "problem_input_advice", problemEnded = "problem_ended",
        problemEndedAdvice = "problem_ended_advice", problemBroken = "problem_broken",
        problemBrokenAdvice = "problem_broken_advice"

    // Creating
    case creatingTitle = "creating_title", creatingConnecting = "creating_connecting",
        creatingFailed = "creating_failed", creatingQuestion = "creating_question",
        creatingQuestionFrom = "creating_question_from", creatingQuestionHint = "creating_question_hint",
        creatingPicture = "creating_picture", creatingSend = "creating_send",
        creatingAnotherPicture = "creating_another_picture", creatingDecline = "creating_decline",
        creatingRequired = "creating_required", creatingMissing = "creating_missing",
        creatingUnfit = "creating_unfit", creatingTooFew = "creating_too_few", creatingPage = "creating_page",
        creatingPageWarning = "creating_page_warning", creatingServerSays = "creating_server_says",
        stepSealed = "step_sealed", stepOtherRoute = "step_other_route", stepMovingOn = "step_moving_on",
        stepWorking = "step_working", stepServerSays = "step_server_says", stepConnected = "step_connected",
        stepSecured = "step_secured", stepRegistered = "step_registered", stepLoggedIn = "step_logged_in",
        stepReachable = "step_reachable", stepRemoved = "step_removed", stepDisabled = "step_disabled",
        stepProvenGone = "step_proven_gone"

    // Burners
    case burnersTitle = "burners_title", burnersEmpty = "burners_empty", burnersMake = "burners_make",
        burnersConnect = "burners_connect", burnersNotConnected = "burners_not_connected",
        burnersRestore = "burners_restore", burnersRecoverable = "burners_recoverable",
        burnersRecoverableExplanation = "burners_recoverable_explanation", burnerUnfinished = "burner_unfinished",
        burnerBurning = "burner_burning", burnerUnreadable = "burner_unreadable", burnerOffline = "burner_offline",
        burnerConnecting = "burner_connecting", burnerOnline = "burner_online", burnerWaiting = "burner_waiting",
        burnerEnded = "burner_ended", burnerExpires = "burner_expires", burnersRemovals = "burners_removals",
        burnersRemoval = "burners_removal", burnersRemoveNow = "burners_remove_now"

    // Restore
    case restoreTitle = "restore_title", restoreExplanation = "restore_explanation", restoreWords = "restore_words",
        restoreServer = "restore_server", restoreButton = "restore_button", restoreBusy = "restore_busy",
        restoreConnects = "restore_connects", restoreCount = "restore_count", restoreUnknown = "restore_unknown",
        restoreChecksum = "restore_checksum", restoreBadServer = "restore_bad_server", restoreNone = "restore_none",
        restoreHere = "restore_here"

    // Words
    case wordsTitle = "words_title", wordsExplanation = "words_explanation", wordsWarning = "words_warning",
        wordsServer = "words_server", wordsShow = "words_show", wordsWord = "words_word",
        wordsFinish = "words_finish", wordsDecline = "words_decline", wordsSure = "words_sure",
        wordsSureText = "words_sure_text", wordsForget = "words_forget", wordsKeep = "words_keep",
        wordsGone = "words_gone"

    // Contacts
    case contactsTitle = "contacts_title", contactsEmpty = "contacts_empty", contactsRequests = "contacts_requests",
        contactsRequest = "contacts_request", contactsAdd = "contacts_add", contactsAddField = "contacts_add_field",
        contactsAddButton = "contacts_add_button", contactsScan = "contacts_scan",
        contactsScanHint = "contacts_scan_hint", contactsScanNone = "contacts_scan_none",
        contactsOwn = "contacts_own", contactsOwnExplanation = "contacts_own_explanation",
        contactsOwnPicture = "contacts_own_picture", contactsWords = "contacts_words",
        contactsBurn = "contacts_burn", contactsOnline = "contacts_online", contactsAway = "contacts_away",
        contactsBadAddress = "contacts_bad_address", contactsBlocked = "contacts_blocked",
        contactsOtherVerified = "contacts_other_verified", contactsOtherKey = "contacts_other_key",
        contactsOtherKeyText = "contacts_other_key_text", contactsOtherKeyYes = "contacts_other_key_yes",
        contactsOtherKeyNo = "contacts_other_key_no"

    // Chat: how it stands
    case modePlain = "mode_plain", modePlainText = "mode_plain_text", modeWaiting = "mode_waiting",
        modeWaitingText = "mode_waiting_text", modePrivate = "mode_private", modePrivateText = "mode_private_text",
        modeVerified = "mode_verified", modeVerifiedText = "mode_verified_text",
        modeVerifiedYou = "mode_verified_you", modeVerifiedYouText = "mode_verified_you_text",
        modeKeyChanged = "mode_key_changed", modeKeyChangedText = "mode_key_changed_text",
        modeFinished = "mode_finished", modeFinishedText = "mode_finished_text", modeBlocked = "mode_blocked",
        modeBlockedText = "mode_blocked_text", modeStranger = "mode_stranger",
        modeStrangerText = "mode_stranger_text", modeQuarantined = "mode_quarantined",
        modeQuarantinedText = "mode_quarantined_text", modeBurning = "mode_burning",
        modeBurningText = "mode_burning_text"

    // Chat
    case chatStartPrivate = "chat_start_private", chatRenewPrivate = "chat_renew_private",
        chatEndPrivate = "chat_end_private", chatVerify = "chat_verify", chatAnswer = "chat_answer",
        chatAcceptKey = "chat_accept_key", chatAcceptKeySure = "chat_accept_key_sure",
        chatAcceptKeyText = "chat_accept_key_text", chatAcceptKeyYes = "chat_accept_key_yes",
        chatAccept = "chat_accept", chatBlock = "chat_block", chatBlockSure = "chat_block_sure",
        chatBlockText = "chat_block_text", chatUnblock = "chat_unblock", chatEmpty = "chat_empty",
        chatEarlier = "chat_earlier", chatFirstUnread = "chat_first_unread", chatHint = "chat_hint",
        chatHintWaits = "chat_hint_waits", chatHintKey = "chat_hint_key", chatHintFinished = "chat_hint_finished",
        chatHintBlocked = "chat_hint_blocked", chatHintStranger = "chat_hint_stranger",
        chatHintNever = "chat_hint_never", chatSendLabel = "chat_send_label", chatNotSent = "chat_not_sent",
        chatTooLong = "chat_too_long", chatCharacter = "chat_character", chatOutboxFull = "chat_outbox_full",
        chatLinkTitle = "chat_link_title", chatLinkText = "chat_link_text", chatLinkOpen = "chat_link_open",
        chatDeleteSure = "chat_delete_sure", chatDeleteText = "chat_delete_text",
        chatSpokenMine = "chat_spoken_mine", chatSpokenTheirs = "chat_spoken_theirs"

    // How far a message is
    case messageQueued = "message_queued", messageWaiting = "message_waiting", messageSent = "message_sent",
        messageAcked = "message_acked", messageReported = "message_reported", messageDelivered = "message_delivered",
        messageMaybeTwice = "message_maybe_twice", messageRefused = "message_refused",
        messageUnreachable = "message_unreachable", messageAddressLost = "message_address_lost",
        messageUnread = "message_unread", messageOtherKey = "message_other_key",
        messageNoAnswer = "message_no_answer", messageTooLong = "message_too_long",
        messageBlocked = "message_blocked", messageInPrivate = "message_in_private",
        messageVerified = "message_verified", messageInTheClear = "message_in_the_clear",
        messageByOtherKey = "message_by_other_key"

    // What a chat tells once
    case noteUnreadable = "note_unreadable", notePeerError = "note_peer_error",
        noteOtherVersion = "note_other_version", noteMirror = "note_mirror", noteMalformed = "note_malformed",
        noteOtherKey = "note_other_key", noteInboxFull = "note_inbox_full", noteTimer = "note_timer",
        noteStrangerForgotten = "note_stranger_forgotten", noteAsked = "note_asked"

    // Verify
    case verifyTitle = "verify_title", verifySecret = "verify_secret", verifyDigits = "verify_digits",
        verifySecretExplanation = "verify_secret_explanation", verifyDigitsExplanation = "verify_digits_explanation",
        verifyQuestionField = "verify_question_field", verifySecretField = "verify_secret_field",
        verifyCompare = "verify_compare", verifyAsked = "verify_asked", verifyAskedNothing = "verify_asked_nothing",
        verifyAskedExplanation = "verify_asked_explanation",
        verifyAskedPlainExplanation = "verify_asked_plain_explanation", verifyAnswer = "verify_answer",
        verifyWaits = "verify_waits", verifyStop = "verify_stop", verifySame = "verify_same",
        verifySameYou = "verify_same_you", verifyDifferent = "verify_different",
        verifyDifferentText = "verify_different_text", verifyAborted = "verify_aborted",
        verifyNotPrivate = "verify_not_private", verifyEmpty = "verify_empty", verifyOwn = "verify_own",
        verifyTheirs = "verify_theirs", verifyTheirsNone = "verify_theirs_none", verifyConfirm = "verify_confirm",
        verifyTakeBack = "verify_take_back"

    // Settings
    case settingsBurner = "settings_burner", settingsLabel = "settings_label", settingsHistory = "settings_history",
        historyNone = "history_none", historyDay = "history_day", historyWeek = "history_week",
        historyUntilBurn = "history_until_burn", historySure = "history_sure", historySureText = "history_sure_text",
        historySureYes = "history_sure_yes", settingsExpiry = "settings_expiry", expiryNever = "expiry_never",
        expiryHour = "expiry_hour", expiryDay = "expiry_day", expiryWeek = "expiry_week",
        expiryMonth = "expiry_month", expiryAt = "expiry_at", expiryNone = "expiry_none", expirySure = "expiry_sure",
        expirySureText = "expiry_sure_text", expirySureYes = "expiry_sure_yes",
        settingsConnection = "settings_connection", settingsConnectionNext = "settings_connection_next",
        settingsAutoLock = "settings_auto_lock", autoLockMinute = "auto_lock_minute",
        autoLockFive = "auto_lock_five", autoLockHour = "auto_lock_hour", autoLockNever = "auto_lock_never",
        settingsPassphrase = "settings_passphrase", passphraseNone = "passphrase_none",
        passphraseSet = "passphrase_set", passphraseField = "passphrase_field", passphraseAgain = "passphrase_again",
        passphraseSame = "passphrase_same", passphraseDiffers = "passphrase_differs",
        passphraseSaved = "passphrase_saved", passphraseRemoved = "passphrase_removed",
        passphraseRemoveSure = "passphrase_remove_sure", passphraseRemoveText = "passphrase_remove_text",
        passphraseBusy = "passphrase_busy", settingsDuress = "settings_duress",
        duressExplanation = "duress_explanation", duressNeedsPassphrase = "duress_needs_passphrase",
        duressField = "duress_field", duressSaved = "duress_saved", duressRemoved = "duress_removed",
        duressRemoveSure = "duress_remove_sure", duressRemoveText = "duress_remove_text",
        settingsLicences = "settings_licences", settingsSaved = "settings_saved"

    // Burn
    case burnTitle = "burn_title", burnExplanation = "burn_explanation",
        burnExplanationOffline = "burn_explanation_offline", burnHold = "burn_hold", burnHolding = "burn_holding",
        burnBusy = "burn_busy", burnAccessible = "burn_accessible", burnAccessibleAgain = "burn_accessible_again",
        reportTitle = "report_title", reportProven = "report_proven", reportProvenText = "report_proven_text",
        reportDisabled = "report_disabled", reportDisabledText = "report_disabled_text",
        reportAlreadyGone = "report_already_gone", reportAlreadyGoneText = "report_already_gone_text",
        reportUnproven = "report_unproven", reportUnprovenText = "report_unproven_text",
        reportQueued = "report_queued", reportQueuedText = "report_queued_text", reportReason = "report_reason",
        reportRetry = "report_retry"

    // Panic
    case panicTitle = "panic_title", panicExplanation = "panic_explanation", panicSlide = "panic_slide",
        panicAccessible = "panic_accessible", panicAccessibleAgain = "panic_accessible_again",
        panicDone = "panic_done", panicKeyKept = "panic_key_kept", panicFilesLeft = "panic_files_left",
        panicLeftAdvice = "panic_left_advice"

    // Unlock
    case unlockTitle = "unlock_title", unlockExplanation = "unlock_explanation",
        unlockExplanationPassphrase = "unlock_explanation_passphrase", unlockField = "unlock_field",
        unlockButton = "unlock_button", unlockBusy = "unlock_busy"

    // Notifications: no sender, no text
    case notificationChannel = "notification_channel", notificationMessage = "notification_message",
        stayConnected = "stay_connected", stayConnectedExplanation = "stay_connected_explanation"

    // Another app's panic button
    case triggerTitle = "trigger_title", triggerNone = "trigger_none", triggerConnected = "trigger_connected",
        triggerConnect = "trigger_connect", triggerYes = "trigger_yes", triggerNo = "trigger_no"

    /// How many things are put into it.
    public var places: Int {
        switch self {
        case .chatSpokenTheirs: 3
        case .restoreUnknown, .wordsWord, .chatSendLabel, .chatSpokenMine: 2
        case .unread, .burnerSpeaks, .burnerSpoke, .startBridgesFault, .startBridgesTransport, .problemClockSlow,
            .problemClockFast, .problemWaitMinutes, .problemBrokenAdvice, .creatingQuestionFrom, .stepSealed,
            .stepMovingOn, .stepWorking, .burnerExpires, .burnersRemoval, .restoreCount, .wordsServer,
            .chatCharacter, .chatLinkText, .messageMaybeTwice, .verifyTheirs, .expiryAt, .expirySureText,
            .reportReason: 1
        default: 0
        }
    }
}
