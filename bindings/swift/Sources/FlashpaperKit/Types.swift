import FlashpaperCore

// The generated types that an app sees; the rest of the generated module is not for it.

public typealias Action = FlashpaperCore.Action
public typealias Address = FlashpaperCore.Address
public typealias BurnOutcome = FlashpaperCore.BurnOutcome
public typealias BurnReport = FlashpaperCore.BurnReport
public typealias Burner = FlashpaperCore.Burner
public typealias BurnerId = FlashpaperCore.BurnerId
public typealias BurnerState = FlashpaperCore.BurnerState
public typealias BurnerStatus = FlashpaperCore.BurnerStatus
public typealias ClockError = FlashpaperCore.ClockError
public typealias Comparison = FlashpaperCore.Comparison
public typealias Connection = FlashpaperCore.Connection
public typealias Conversation = FlashpaperCore.Conversation
public typealias CreateOptions = FlashpaperCore.CreateOptions
public typealias Event = FlashpaperCore.Event
public typealias FailReason = FlashpaperCore.FailReason
public typealias Fingerprint = FlashpaperCore.Fingerprint
public typealias FlashpaperError = FlashpaperCore.FlashpaperError
public typealias History = FlashpaperCore.History
public typealias Imported = FlashpaperCore.Imported
public typealias Input = FlashpaperCore.Input
public typealias Key = FlashpaperCore.Key
public typealias KeySlot = FlashpaperCore.KeySlot
public typealias KeySource = FlashpaperCore.KeySource
public typealias KeySourceError = FlashpaperCore.KeySourceError
public typealias Message = FlashpaperCore.Message
public typealias MessageId = FlashpaperCore.MessageId
public typealias MessageState = FlashpaperCore.MessageState
public typealias Notice = FlashpaperCore.Notice
public typealias Page = FlashpaperCore.Page
public typealias PeerKey = FlashpaperCore.PeerKey
public typealias Profile = FlashpaperCore.Profile
public typealias Route = FlashpaperCore.Route
public typealias Security = FlashpaperCore.Security
public typealias Settlement = FlashpaperCore.Settlement
public typealias Snapshot = FlashpaperCore.Snapshot
public typealias Spread = FlashpaperCore.Spread
public typealias Standing = FlashpaperCore.Standing
public typealias Step = FlashpaperCore.Step
public typealias SyncReport = FlashpaperCore.SyncReport
public typealias TextFault = FlashpaperCore.TextFault
public typealias TorStatus = FlashpaperCore.TorStatus
public typealias VaultReport = FlashpaperCore.VaultReport
public typealias WebPage = FlashpaperCore.WebPage
