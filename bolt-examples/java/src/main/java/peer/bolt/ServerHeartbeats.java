package peer.bolt;

import com.alipay.remoting.Connection;
import com.alipay.remoting.InvokeCallbackListener;
import com.alipay.remoting.InvokeFuture;
import com.alipay.remoting.ResponseStatus;
import com.alipay.remoting.rpc.DefaultInvokeFuture;
import com.alipay.remoting.rpc.HeartbeatCommand;
import com.alipay.remoting.rpc.ResponseCommand;
import com.alipay.remoting.rpc.RpcCommandFactory;

import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;

import java.util.concurrent.TimeUnit;

/** Heartbeats that the server sends, which SOFABolt's own server never does: do clients ack them? */
final class ServerHeartbeats {
    private ServerHeartbeats() {
    }

    /** Counts `heartbeat-sent` and `heartbeat-acked`. */
    static void start(ChannelGroup channels, int intervalMs) {
        Pools.timer("heartbeats", 1).scheduleWithFixedDelay(() -> {
            for (Channel channel : channels) {
                beat(channel);
            }
        }, intervalMs, intervalMs, TimeUnit.MILLISECONDS);
    }

    private static void beat(Channel channel) {
        Connection connection = channel.attr(Connection.CONNECTION).get();
        if (connection == null || !channel.isActive()) {
            return;
        }
        HeartbeatCommand beat = new HeartbeatCommand();
        connection.addInvokeFuture(new DefaultInvokeFuture(beat.getId(), new InvokeCallbackListener() {
            @Override
            public void onResponse(InvokeFuture future) {
                try {
                    ResponseCommand ack = (ResponseCommand) future.waitResponse(0);
                    if (ack != null && ack.getResponseStatus() == ResponseStatus.SUCCESS) {
                        Counters.add("heartbeat-acked");
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public String getRemoteAddress() {
                return String.valueOf(channel.remoteAddress());
            }
        }, null, beat.getProtocolCode().getFirstByte(), new RpcCommandFactory()));
        Counters.add("heartbeat-sent");
        channel.writeAndFlush(beat);
    }
}
