package io.seata.core.rpc.netty;

import java.net.InetAddress;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.timeout.IdleStateHandler;
import io.seata.core.rpc.RemotingBootstrap;
import io.seata.core.rpc.netty.v1.ProtocolV1Decoder;
import io.seata.core.rpc.netty.v1.ProtocolV1Encoder;

/** Takes the place of Seata's class of this name, which listens on all interfaces. */
public class NettyServerBootstrap implements RemotingBootstrap {
    private final NettyServerConfig config;
    private final EventLoopGroup boss = new NioEventLoopGroup(1);
    private final EventLoopGroup workers = new NioEventLoopGroup(2);
    private ChannelHandler[] handlers = new ChannelHandler[0];
    private int port;

    public NettyServerBootstrap(NettyServerConfig config) {
        this.config = config;
    }

    protected void setChannelHandlers(ChannelHandler... handlers) {
        this.handlers = handlers;
    }

    public void setListenPort(int port) {
        this.port = port;
    }

    public int getListenPort() {
        return port == 0 ? Integer.getInteger("peer.port") : port;
    }

    @Override
    public void start() {
        ServerBootstrap bootstrap = new ServerBootstrap()
            .group(boss, workers)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(new ChannelInitializer<SocketChannel>() {
                @Override
                protected void initChannel(SocketChannel channel) {
                    int idle = config.getChannelMaxReadIdleSeconds();
                    channel.pipeline().addLast(
                        new IdleStateHandler(idle, 0, 0), new ProtocolV1Decoder(), new ProtocolV1Encoder());
                    channel.pipeline().addLast(handlers);
                }
            });
        bootstrap.bind(InetAddress.getLoopbackAddress(), getListenPort()).syncUninterruptibly();
        System.out.println("listening on " + getListenPort());
        System.out.flush();
    }

    @Override
    public void shutdown() {
        boss.shutdownGracefully();
        workers.shutdownGracefully();
    }
}
